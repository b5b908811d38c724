#pragma once

#include <array>
#include <atomic>
#include <concepts>
#include <memory>
#include <span>
#include <vector>

#include "autodiff/base/buffer.hpp"
#include "autodiff/context.hpp"
#include "autodiff/tensor.hpp"

namespace dimwise {

struct Op;

/// The settings of one call of an op (axes, shapes, flags …): the struct that its record names, or null.
using Attributes = std::shared_ptr<const void>;

/// The inputs of a call: up to five, as in most calls, need no allocation.
class Operands {
 public:
  Operands() = default;
  // NOLINTBEGIN(google-explicit-constructor): written as a list, apply(op, {a, b})
  template <std::same_as<Tensor>... T>
  requires(sizeof...(T) > 0 && sizeof...(T) <= 5) Operands(T... all) : few_{std::move(all)...}, size_(sizeof...(T)) {}
  Operands(std::vector<Tensor> all);
  // NOLINTEND(google-explicit-constructor)
  Operands(Operands&&) = default;
  Operands& operator=(Operands&&) = default;
  Operands(const Operands& other) : Operands(std::vector<Tensor>(other.begin(), other.end())) {}
  Operands& operator=(const Operands& other) { return *this = Operands(other); }
  [[gnu::always_inline]] ~Operands() = default;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Tensor* begin() { return many_ ? many_.get() : few_.data(); }
  Tensor* end() { return begin() + size_; }
  const Tensor* begin() const { return many_ ? many_.get() : few_.data(); }
  const Tensor* end() const { return begin() + size_; }
  Tensor& operator[](size_t i) { return begin()[i]; }
  const Tensor& operator[](size_t i) const { return begin()[i]; }
  operator std::span<const Tensor>() const { return {begin(), size_}; }  // NOLINT(google-explicit-constructor)

 private:
  static constexpr size_t inline_size = 5;
  std::array<Tensor, inline_size> few_;
  std::unique_ptr<Tensor[]> many_;
  size_t size_ = 0;
};

/// The object a Tensor refers to: a value and, if tracked, how it was computed.
struct Node {
  std::atomic<uint32_t> owners{0};
  DType dtype = DType::float32;
  bool tracked = false;
  bool in_custom_forward = false;  ///< computed by the forward of a custom rule: must not be recorded as a constant
  Shape shape;
  Buffer buffer;
  const Op* op = nullptr;  ///< null for a leaf
  Attributes attributes;
  Operands inputs;
  const char* scope = nullptr;  ///< the innermost Scope when it was recorded
  uint64_t sequence = 0;        ///< position in the order of recording
  Node* next_dead = nullptr;    ///< of the list of nodes that wait to be freed

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

/// An untracked tensor with uninitialized values, to be filled through `mutable_data` before it is shared.
Tensor empty(const Shape& shape, DType dtype);
/// An untracked tensor of another shape on the same buffer.
Tensor share(const Tensor& x, const Shape& shape);
template <class T>
T* mutable_data(const Tensor& x) {
  return x.node()->template data<T>();
}

/// Sequence numbers: later nodes have larger ones.
uint64_t next_sequence();

/// The number of live nodes in the program; back to its earlier value when all tensors are destroyed.
int64_t live_nodes();

/// Calls f(T{}) with T the element type of a dtype.
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  if (dtype == DType::float32) return f(float{});
  return f(double{});
}

/// Frees a node that nothing refers to, and what only it refers to, without recursion and without memory.
void destroy(Node* node) noexcept;

[[gnu::always_inline]] inline Tensor::~Tensor() {
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
[[gnu::always_inline]] inline int64_t Tensor::size() const { return shape().size(); }

}  // namespace dimwise
