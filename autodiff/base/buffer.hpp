#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace dimwise {

struct BufferPool;

/// A reference-counted block of memory, 64-byte aligned, from a pool of size classes. 64 more bytes beyond its end may
/// be read and written, because kernels work in whole SIMD batches.
///
/// A fresh page costs several times the work done on it, so the thread that allocated a block keeps it after it is
/// freed, and reuses it uninitialized. A block freed on another thread is returned to its owner's pool.
class Buffer {
 public:
  Buffer() = default;
  /// An uninitialized block of at least `bytes` bytes.
  explicit Buffer(size_t bytes);
  Buffer(const Buffer& other) noexcept : block_(other.block_) {
    if (block_) block_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  Buffer(Buffer&& other) noexcept : block_(other.block_) { other.block_ = nullptr; }
  Buffer& operator=(Buffer other) noexcept {
    Block* mine = block_;
    block_ = other.block_;
    other.block_ = mine;
    return *this;
  }
  ~Buffer() {
    if (block_ && block_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) release(block_);
  }

  void* data() const { return block_ ? payload(block_) : nullptr; }
  bool unique() const { return block_ && block_->owners.load(std::memory_order_acquire) == 1; }

 private:
  struct alignas(64) Block {
    std::atomic<uint32_t> owners{1};
    int size_class = 0;
    Block* next = nullptr;
    BufferPool* home = nullptr;
  };
  friend struct BufferPool;
  friend void* pooled_allocate(size_t bytes);
  friend void pooled_free(void* memory) noexcept;
  static void* payload(Block* block) { return reinterpret_cast<unsigned char*>(block) + sizeof(Block); }
  static Block* take(size_t bytes);
  static void release(Block* block) noexcept;

  Block* block_ = nullptr;
};

/// Memory from the same pool for the engine's small objects.
void* pooled_allocate(size_t bytes);
void pooled_free(void* memory) noexcept;

/// The pool as a standard allocator.
template <class T>
struct PoolAllocator {
  using value_type = T;
  PoolAllocator() = default;
  template <class U>
  PoolAllocator(const PoolAllocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor)
  T* allocate(size_t n) { return static_cast<T*>(pooled_allocate(n * sizeof(T))); }
  void deallocate(T* p, size_t) noexcept { pooled_free(p); }
  friend bool operator==(const PoolAllocator&, const PoolAllocator&) { return true; }
};

/// Counts of the calling thread's pool.
struct PoolStatistics {
  int64_t hits = 0;        ///< blocks reused
  int64_t misses = 0;      ///< blocks allocated from the system
  int64_t bytes_held = 0;  ///< bytes of free blocks in the pool
};

/// Statistics of the calling thread's pool.
PoolStatistics pool_statistics();
/// Returns the free blocks of the calling thread's pool to the system.
void release_pool();

}  // namespace dimwise
