#include "autodiff/buffer.hpp"

#include <array>
#include <bit>
#include <cstdlib>
#include <new>
#include <utility>

namespace dimwise {

namespace {
constexpr int classes = 4 * 48;
// Beyond this a thread keeps no more: the rest goes back to the system.
constexpr int64_t held_limit = int64_t{4} << 30;

// Four classes to each power of two, so that at most a fifth of a block is unused.
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
}  // namespace

struct BufferPool {
  std::array<Buffer::Block*, classes> free{};
  PoolStatistics statistics;

  void clear() {
    for (Buffer::Block*& head : free)
      while (head) std::free(std::exchange(head, head->next));
    statistics.bytes_held = 0;
  }
  ~BufferPool();
};

namespace {
// Tensors with static storage may be freed after the pool of their thread is gone.
thread_local bool pool_dead = false;
BufferPool& pool() {
  thread_local BufferPool instance;
  return instance;
}
}  // namespace

BufferPool::~BufferPool() {
  clear();
  pool_dead = true;
}

Buffer::Buffer(size_t bytes) : block_(take(bytes)) {}

Buffer::Block* Buffer::take(size_t bytes) {
  const int index = size_class(bytes);
  if (index >= classes) throw std::bad_alloc();
  if (!pool_dead) {
    BufferPool& mine = pool();
    Block*& head = mine.free[static_cast<size_t>(index)];
    if (head) {
      Block* block = head;
      head = head->next;
      mine.statistics.bytes_held -= static_cast<int64_t>(class_bytes(index));
      ++mine.statistics.hits;
      block->owners.store(1, std::memory_order_relaxed);
      return block;
    }
    ++mine.statistics.misses;
  }
  const size_t total = (sizeof(Block) + class_bytes(index) + 63) / 64 * 64;
  void* memory = std::aligned_alloc(64, total);
  if (!memory) throw std::bad_alloc();
  auto* block = new (memory) Block;
  block->size_class = index;
  return block;
}

void* pooled_allocate(size_t bytes) { return Buffer::payload(Buffer::take(bytes)); }
void pooled_free(void* memory) noexcept {
  Buffer::release(reinterpret_cast<Buffer::Block*>(static_cast<unsigned char*>(memory) - sizeof(Buffer::Block)));
}

void Buffer::release(Block* block) noexcept {
  const auto bytes = static_cast<int64_t>(class_bytes(block->size_class));
  if (pool_dead || pool().statistics.bytes_held + bytes > held_limit) return std::free(block);
  BufferPool& mine = pool();
  Block*& head = mine.free[static_cast<size_t>(block->size_class)];
  block->next = head;
  head = block;
  mine.statistics.bytes_held += bytes;
}

PoolStatistics pool_statistics() { return pool().statistics; }
void release_pool() { pool().clear(); }

}  // namespace dimwise
