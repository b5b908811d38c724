#include "autodiff/tensor.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "autodiff/base/error.hpp"
#include "autodiff/node.hpp"

namespace dimwise {

const char* name(DType dtype) { return dtype == DType::float32 ? "float32" : "float64"; }
size_t bytes(DType dtype) { return dtype == DType::float32 ? 4 : 8; }
template <>
DType dtype_of<float>() {
  return DType::float32;
}
template <>
DType dtype_of<double>() {
  return DType::float64;
}

namespace {
std::atomic<uint64_t> sequence_counter{1};

// The outermost call of destroy frees all, so that a chain of any length needs no recursion.
thread_local Node* dead = nullptr;
thread_local bool freeing = false;
}  // namespace

uint64_t next_sequence() { return sequence_counter.fetch_add(1, std::memory_order_relaxed); }

namespace {
// Nodes created minus nodes freed by one thread, written only by that thread: an atomic addition would cost as much as
// a small op. Never destroyed, because nodes may outlive threads and main.
struct NodeCounts {
  std::mutex mutex;
  std::deque<std::atomic<int64_t>> counts;
};
NodeCounts& node_counts() {
  static auto* const instance = new NodeCounts;
  return *instance;
}
std::atomic<int64_t>* new_count() {
  const std::lock_guard lock(node_counts().mutex);
  return &node_counts().counts.emplace_back(0);
}
void count_node(int64_t change) {
  constinit thread_local std::atomic<int64_t>* mine = nullptr;
  if (!mine) mine = new_count();
  mine->store(mine->load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
}
}  // namespace

int64_t live_nodes() {
  const std::lock_guard lock(node_counts().mutex);
  int64_t total = 0;
  for (const std::atomic<int64_t>& n : node_counts().counts) total += n.load(std::memory_order_relaxed);
  return total;
}

Node::Node() { count_node(1); }

Node::~Node() { count_node(-1); }

void destroy(Node* node) noexcept {
  node->next_dead = std::exchange(dead, node);
  if (freeing) return;
  freeing = true;
  while (dead) delete std::exchange(dead, dead->next_dead);
  freeing = false;
}

Operands::Operands(std::vector<Tensor> all) : size_(all.size()) {
  if (size_ > inline_size) many_ = std::make_unique<Tensor[]>(size_);
  std::move(all.begin(), all.end(), begin());
}

void undefined_tensor(const char* asked) { fail<ValueError>(asked, "the tensor is undefined. Give it a value first."); }

template <class T>
std::span<const T> Tensor::data() const {
  if (!node_) undefined_tensor("data");
  if (node_->dtype != dtype_of<T>())
    fail<DTypeError>("data", "a ", node_->dtype, " tensor was read as ", dtype_of<T>(), ". Cast it with astype first.");
  if (!node_->buffer.data())
    fail<ValueError>(
        "data", "the values of this recorded intermediate of shape ", node_->shape,
        " were overwritten by a later op, since no variable referred to it. Keep the tensor in a variable.");
  return {node_->data<T>(), static_cast<size_t>(size())};
}
template std::span<const float> Tensor::data<float>() const;
template std::span<const double> Tensor::data<double>() const;

double Tensor::item() const {
  if (!node_) undefined_tensor("item");
  if (size() != 1)
    fail<ShapeError>("item", "shape ", shape(), " has ", size(), " elements, expected one. Reduce it first.");
  return dispatch(dtype(), [&](auto t) { return static_cast<double>(data<decltype(t)>()[0]); });
}

std::vector<double> Tensor::values() const {
  if (!node_) undefined_tensor("values");
  return dispatch(dtype(), [&](auto t) {
    const auto span = data<decltype(t)>();
    return std::vector<double>(span.begin(), span.end());
  });
}

Tensor empty(const Shape& shape, DType dtype) {
  int64_t total = 8;  // bytes, of float64
  for (const int64_t dim : shape) {
    if (dim < 0) fail<ShapeError>("shape", "negative length in ", shape, ". Lengths must be at least 0.");
    if (__builtin_mul_overflow(total, dim, &total))
      fail<ShapeError>("shape", shape, " has more elements than memory can hold. Use a smaller shape.");
  }
  auto* node = new Node;
  Tensor result(node);
  node->dtype = dtype;
  node->shape = shape;
  const size_t size = static_cast<size_t>(shape.size()) * bytes(dtype);
  try {
    node->buffer = Buffer(size);
  } catch (const std::bad_alloc&) {
    fail<MemoryError>("empty", "a tensor of shape ", shape, " and ", dtype, " takes ", size >> 20,
                      " MiB, which the system cannot allocate. Use a smaller shape.");
  }
  // Kernels also compute with the elements beyond the last one, which must not depend on the previous contents of the
  // memory.
  std::memset(static_cast<unsigned char*>(node->buffer.data()) + size / 64 * 64, 0, 64);
  return result;
}

Tensor share(const Tensor& x, const Shape& shape) {
  auto* node = new Node;
  Tensor result(node);
  node->dtype = x.dtype();
  node->shape = shape;
  node->buffer = x.node()->buffer;
  return result;
}

Tensor track(const Tensor& x) {
  if (!x.defined()) undefined_tensor("track");
  Tensor leaf = share(x, x.shape());
  leaf.node()->tracked = true;
  leaf.node()->sequence = next_sequence();
  return leaf;
}

}  // namespace dimwise
