#include "ops/detail/blas_memory.hpp"

#include <cblas.h>
#include <oneapi/dnnl/dnnl.h>
#include <sys/mman.h>

#include <atomic>
#include <mutex>
#include <new>
#include <string>
#include <vector>

#include "autodiff/base/error.hpp"

// Exported by OpenBLAS, but declared in none of its headers; null in another BLAS.
extern "C" {
__attribute__((weak)) void* blas_memory_alloc(int position);
__attribute__((weak)) void blas_memory_free(void* memory);
}

namespace dimwise {

namespace {

constexpr size_t bytes_of_product = size_t{129} << 20;  // with alignment
constexpr size_t bytes_of_code = size_t{64} << 20;
// OpenBLAS starts its threads when it is loaded, and each takes memory of its own when it first runs, which may be
// after that of the products was reserved.
const int openblas_threads = openblas_get_num_threads() - 1;
std::mutex reserving;
std::atomic<int> reserved_products{0};

void take_openblas_memory(int count) {
  if (!blas_memory_alloc || !blas_memory_free) return;
  std::vector<void*> taken(static_cast<size_t>(count));
  for (void*& memory : taken) memory = blas_memory_alloc(0);
  for (void* memory : taken) blas_memory_free(memory);
}

void generate_onednn_code() {
  constexpr int n = 48;
  const std::vector<float> a(n * n);
  std::vector<float> c(n * n);
  if (dnnl_sgemm('N', 'N', n, n, n, 1, a.data(), n, a.data(), n, 0, c.data(), n) == dnnl_out_of_memory)
    throw std::bad_alloc();
}

// Throws MemoryError unless the system could allocate so many bytes now.
void check_room(size_t bytes, const std::string& purpose) {
  void* room = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED)
    fail<MemoryError>("blas", purpose, " take ", bytes >> 20,
                      " MiB of addresses, which the system cannot allocate. Use ",
                      "fewer threads, here or in OPENBLAS_NUM_THREADS, or raise the limit.");
  ::munmap(room, bytes);
}

}  // namespace

void check_room_for_code() { check_room(bytes_of_code, "convolutions"); }

void reserve_blas_memory(int products) {
  if (products <= reserved_products.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(reserving);
  const int before = reserved_products.load(std::memory_order_relaxed);
  if (products <= before) return;
  const int taken = products + openblas_threads, more = before == 0 ? taken : products - before;
  const size_t bytes = static_cast<size_t>(more) * bytes_of_product + (before == 0 ? bytes_of_code : 0);
  check_room(bytes, "products, of which " + std::to_string(products) + " run at once,");
  take_openblas_memory(taken);
  if (before == 0) generate_onednn_code();
  reserved_products.store(products, std::memory_order_release);
}

}  // namespace dimwise
