// Products in a program that has no room for the memory that BLAS takes at its first one.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>

#include "autodiff/base/error.hpp"
#include "ops/conv.hpp"
#include "ops/linalg.hpp"
#include "ops/matmul.hpp"
#include "tests/catch.hpp"
#include "tests/data.hpp"
#include "tests/ops/table.hpp"

namespace dimwise::little_memory_tests {

using namespace dimwise::table;

namespace {

constexpr const char* variable = "DIMWISE_TEST_PRODUCT";

using Product = std::function<void(DType)>;

Tensor square_of(int64_t n, DType dtype) { return astype(normal({n, n}, 1) + 9.0 * eye(n, DType::float64), dtype); }

const std::vector<Product>& products() {
  static const std::vector<Product> all{
      [](DType t) { matmul(square_of(40, t), square_of(40, t)); },
      [](DType t) { matmul(square_of(130, t), square_of(130, t)); },
      [](DType t) {
        matmul(square_of(40, t), ones({40, 1}, t));
      },
      [](DType t) {
        matmul(ones({1, 40}, t), square_of(40, t));
      },
      [](DType t) {
        conv2d(ones({4, 8, 9, 9}, t), ones({8, 8, 3, 3}, t));
      },
      [](DType t) { solve(square_of(40, t), square_of(40, t)); },
      [](DType t) { triangular_solve(square_of(40, t), square_of(40, t)); },
      [](DType t) {
        triangular_solve(square_of(40, t), ones({40, 1}, t));
      },
      [](DType t) { det(square_of(40, t)); },
      [](DType t) { svd(square_of(40, t)); },
      [](DType t) { eigh(square_of(40, t)); },
      [](DType t) { qr(square_of(40, t)); },
      [](DType t) { cholesky(square_of(40, t)); },
      [](DType t) { lstsq(square_of(40, t), square_of(40, t)); },
  };
  return all;
}

// The bytes of addresses that this program uses.
rlim_t addresses() {
  rlim_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}

constexpr int thrown = 42;

// Computes the product in a new program, which ends after 20 s. Whether it throws MemoryError.
bool throws_alone(const std::string& product) {
  const pid_t child = fork();
  if (child == 0) {
    setenv(variable, product.c_str(), 1);
    alarm(20);
    execl("/proc/self/exe", "test_ops", "-#", "[#little_memory]", nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == thrown;
}

}  // namespace

TEST_CASE("the first product of a program without memory is an error, whichever it is, and no endless wait") {
  if (const char* given = std::getenv(variable)) {
    const size_t number = std::stoul(given);
    const rlim_t limit = addresses() + (rlim_t{40} << 20);
    const rlimit little{limit, limit};
    REQUIRE(setrlimit(RLIMIT_AS, &little) == 0);
    try {
      products()[number / 2](number % 2 ? DType::float64 : DType::float32);
    } catch (const MemoryError&) {
      _exit(thrown);
    }
    _exit(0);
  }
  if (addresses() > rlim_t{1} << 40) return skip("sanitizers reserve more addresses than any limit leaves");
  for (size_t i = 0; i < 2 * products().size(); ++i) {
    INFO("product " << i / 2 << (i % 2 ? " in float64" : " in float32"));
    REQUIRE(throws_alone(std::to_string(i)));
  }
}

}  // namespace dimwise::little_memory_tests
