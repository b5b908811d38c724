#include "autodiff/base/buffer.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>  // its macros do nothing without a sanitizer
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) (static_cast<void>(address), static_cast<void>(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) (static_cast<void>(address), static_cast<void>(bytes))
#endif

namespace dimwise {

namespace {
constexpr int classes = 4 * 48;
// Extra bytes beyond the requested ones, for the rest of a SIMD batch that begins at the last element.
constexpr size_t slack = 64;
// The most memory that a thread keeps; freed blocks beyond it are returned to the system.
constexpr int64_t held_limit = int64_t{4} << 30;

// Four classes per power of two, so that at most a fifth of a block is unused.
int size_class(size_t bytes) {
  if (bytes <= 64) return 0;
  const int log2 = std::bit_width(bytes - 1) - 1;
  const size_t base = size_t{1} << log2;
  const int quarter = static_cast<int>((bytes - base + base / 4 - 1) / (base / 4));
  return (log2 - 6) * 4 + quarter;
}

size_t class_bytes(int size_class) {
  const size_t base = size_t{64} << (size_class / 4);
  return base + base / 4 * static_cast<size_t>(size_class % 4);
}

// Tells AddressSanitizer which bytes may be accessed: in a block in use, the requested ones and those a batch reads
// beyond them; in a free block, none.
void close_to_use(void* payload, int size_class) {
  ASAN_POISON_MEMORY_REGION(payload, class_bytes(size_class) + slack);
}
void open_for_use(void* payload, int size_class, size_t bytes) {
  close_to_use(payload, size_class);
  ASAN_UNPOISON_MEMORY_REGION(payload, bytes + slack);
}
}  // namespace

struct BufferPool {
  std::array<Buffer::Block*, classes> free{};
  std::atomic<Buffer::Block*> returned{nullptr};  // freed on other threads
  std::atomic<bool> alive{true};                  // whether a thread owns this pool
  PoolStatistics statistics;

  // A free block of a size class, or null.
  Buffer::Block* pop(int size_class) {
    Buffer::Block*& head = free[static_cast<size_t>(size_class)];
    if (!head)
      for (Buffer::Block* block = returned.exchange(nullptr, std::memory_order_acquire); block;)
        keep(std::exchange(block, block->next));
    if (!head) return nullptr;
    statistics.bytes_held -= static_cast<int64_t>(class_bytes(size_class));
    return std::exchange(head, head->next);
  }
  void keep(Buffer::Block* block) {
    const auto bytes = static_cast<int64_t>(class_bytes(block->size_class));
    if (statistics.bytes_held + bytes > held_limit) return std::free(block);
    statistics.bytes_held += bytes;
    block->next = std::exchange(free[static_cast<size_t>(block->size_class)], block);
  }
  void bring_home(Buffer::Block* block) {
    block->next = returned.load(std::memory_order_relaxed);
    while (!returned.compare_exchange_weak(block->next, block, std::memory_order_release, std::memory_order_relaxed)) {
    }
  }
  void clear() {
    for (Buffer::Block* block = returned.exchange(nullptr, std::memory_order_acquire); block;)
      std::free(std::exchange(block, block->next));
    for (Buffer::Block*& head : free)
      while (head) std::free(std::exchange(head, head->next));
    statistics.bytes_held = 0;
  }
};

namespace {
// A pool outlives its thread, because blocks may be returned later; another thread can then take it over.
struct IdlePools {
  std::mutex mutex;
  std::vector<BufferPool*> pools;
};
IdlePools& idle() {
  static auto* const instance = new IdlePools;  // never destroyed: threads may end after main
  return *instance;
}

// Tensors with static storage may be freed after their thread has released its pool.
thread_local bool pool_gone = false;
thread_local BufferPool* mine = nullptr;  // set at first use

class Lease {
 public:
  Lease() {
    const std::lock_guard lock(idle().mutex);
    if (idle().pools.empty()) {
      pool = new BufferPool;
    } else {
      pool = idle().pools.back();
      idle().pools.pop_back();
      pool->statistics = {};
    }
    pool->alive = true;
    mine = pool;
  }
  ~Lease() {
    pool->alive = false;
    pool->clear();
    pool_gone = true;
    mine = nullptr;
    const std::lock_guard lock(idle().mutex);
    idle().pools.push_back(pool);
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  BufferPool* pool;
};

BufferPool& first_pool() {
  thread_local const Lease lease;
  return *lease.pool;
}
BufferPool& pool() { return mine ? *mine : first_pool(); }
}  // namespace

Buffer::Buffer(size_t bytes) : block_(take(bytes)) {}

Buffer::Block* Buffer::take(size_t bytes) {
  const int index = size_class(bytes);
  if (index >= classes) throw std::bad_alloc();
  BufferPool* const home = pool_gone ? nullptr : &pool();
  if (home) {
    Block* const waiting = home->pop(index);
    ++(waiting ? home->statistics.hits : home->statistics.misses);
    if (waiting) {
      waiting->owners.store(1, std::memory_order_relaxed);
      open_for_use(payload(waiting), index, bytes);
      return waiting;
    }
  }
  const size_t total = (sizeof(Block) + class_bytes(index) + 63) / 64 * 64 + slack;
  void* memory = std::aligned_alloc(64, total);
  if (!memory && home) {  // the free blocks of other sizes make room
    home->clear();
    memory = std::aligned_alloc(64, total);
  }
  if (!memory) throw std::bad_alloc();
  auto* block = new (memory) Block;
  block->size_class = index;
  block->home = home;
  open_for_use(payload(block), index, bytes);
  return block;
}

void* pooled_allocate(size_t bytes) { return Buffer::payload(Buffer::take(bytes)); }
void pooled_free(void* memory) noexcept {
  Buffer::release(reinterpret_cast<Buffer::Block*>(static_cast<unsigned char*>(memory) - sizeof(Buffer::Block)));
}

void Buffer::release(Block* block) noexcept {
  BufferPool* const home = block->home;
  close_to_use(payload(block), block->size_class);
  if (!pool_gone && home == &pool()) return home->keep(block);
  if (!home || !home->alive.load(std::memory_order_relaxed)) return std::free(block);
  home->bring_home(block);
}

PoolStatistics pool_statistics() { return pool().statistics; }
void release_pool() { pool().clear(); }

}  // namespace dimwise
