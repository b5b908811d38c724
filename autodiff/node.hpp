#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "autodiff/buffer.hpp"
#include "autodiff/operands.hpp"
#include "autodiff/tensor.hpp"

namespace dimwise {

struct Op;

/// The settings of one call of an op (axes, shapes, flags …): whatever struct its record names, or nothing.
using Attributes = std::shared_ptr<const void>;

/// A value and, if tracked, how it was made: what a Tensor refers to.
struct Node {
  std::atomic<uint32_t> owners{0};
  DType dtype = DType::float32;
  bool tracked = false;
  Shape shape;
  Buffer buffer;
  const Op* op = nullptr;  ///< null for a leaf
  Attributes attributes;
  Operands inputs;
  const char* scope = nullptr;  ///< the innermost Scope when it was recorded
  uint64_t sequence = 0;        ///< place in the order of recording

  Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node();
  static void* operator new(size_t bytes) { return pooled_allocate(bytes); }
  static void operator delete(void* memory) noexcept { pooled_free(memory); }

  template <class T>
  T* data() const {
    return static_cast<T*>(buffer.data());
  }
};

/// An untracked tensor with uninitialised values, to be filled through `mutable_data` before anyone else sees it.
Tensor empty(const Shape& shape, DType dtype);
/// An untracked tensor of another shape on the same buffer.
Tensor share(const Tensor& x, const Shape& shape);
template <class T>
T* mutable_data(const Tensor& x) {
  return x.node()->template data<T>();
}

/// Sequence numbers: nodes made later have larger ones.
uint64_t next_sequence();

/// Nodes alive in the program; returns to its earlier value when all tensors are gone.
int64_t live_nodes();

/// Whether ops on tracked tensors are recorded by this thread.
bool recording();
/// Switches recording for the calling thread while it lives.
class Recording {
 public:
  explicit Recording(bool on);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

 private:
  bool before_;
};

/// Calls f(T{}) with T the element type of a dtype.
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  if (dtype == DType::float32) return f(float{});
  return f(double{});
}

void destroy(Node* node) noexcept;

inline Tensor::~Tensor() {
  if (node_ && node_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(node_);
}
inline Tensor::Tensor(Node* node) noexcept : node_(node) {
  if (node_) node_->owners.fetch_add(1, std::memory_order_relaxed);
}
inline Tensor::Tensor(const Tensor& other) noexcept : Tensor(other.node_) {}
/// Throws ValueError.
[[noreturn]] void undefined_tensor(const char* asked);

inline const Shape& Tensor::shape() const {
  if (!node_) undefined_tensor("shape");
  return node_->shape;
}
inline DType Tensor::dtype() const {
  if (!node_) undefined_tensor("dtype");
  return node_->dtype;
}
inline bool Tensor::tracked() const { return node_ && node_->tracked; }
inline int64_t Tensor::size() const { return shape().size(); }

}  // namespace dimwise
