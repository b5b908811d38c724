#pragma once

#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autodiff/base/shape.hpp"

namespace dimwise {

enum class DType : uint8_t { float32, float64 };

const char* name(DType dtype);
std::ostream& operator<<(std::ostream& out, DType dtype);
size_t bytes(DType dtype);
template <class T>
DType dtype_of();

struct Node;

/// An immutable array of float32 or float64 together with its history: cheap to copy, safe to share.
///
/// Contiguous and row-major. The result of an op with a tracked input refers to that op and its inputs; an untracked
/// result does not. The history exists as long as a Tensor refers to it.
class Tensor {
 public:
  Tensor() = default;  ///< undefined: no shape, no data
  explicit Tensor(Node* node) noexcept;
  Tensor(const Tensor& other) noexcept;
  Tensor(Tensor&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Tensor& operator=(Tensor other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Tensor();

  bool defined() const { return node_ != nullptr; }
  const Shape& shape() const;
  int rank() const { return shape().rank(); }
  int64_t dim(int axis) const { return shape().dim(axis); }
  int64_t size() const;
  DType dtype() const;
  /// Whether ops on this tensor are recorded.
  bool tracked() const;

  /// The elements in row-major order. Throws DTypeError when T is not the dtype.
  template <class T>
  std::span<const T> data() const;
  /// The only element, as a double. Throws ShapeError when there are more.
  double item() const;
  /// All elements, as doubles.
  std::vector<double> values() const;

  Node* node() const { return node_; }

 private:
  Node* node_ = nullptr;
};

/// Functions that create tensors. The default dtype is always float32.
Tensor zeros(const Shape& shape, DType dtype = DType::float32);
Tensor ones(const Shape& shape, DType dtype = DType::float32);
Tensor full(const Shape& shape, double value, DType dtype = DType::float32);
Tensor zeros_like(const Tensor& x);
Tensor ones_like(const Tensor& x);
/// The numbers start, start + step, … before `stop`. Throws ValueError for a step of 0, or one that is not finite.
Tensor arange(double start, double stop, double step = 1, DType dtype = DType::float32);
/// The numbers 0, 1, … below `stop`.
Tensor arange(double stop, DType dtype = DType::float32);
/// n equally spaced numbers from start to stop, both included.
Tensor linspace(double start, double stop, int64_t n, DType dtype = DType::float32);
Tensor eye(int64_t n, DType dtype = DType::float32);
/// A 0-d tensor.
Tensor scalar(double value, DType dtype = DType::float32);
/// A tensor of given values in row-major order; without a shape, 1-d. Throws ShapeError if the number of values is not
/// that of the shape.
Tensor tensor(const std::vector<double>& values, DType dtype = DType::float32);
Tensor tensor(const std::vector<double>& values, const Shape& shape, DType dtype = DType::float32);

/// A tracked leaf with the values of x: ops on it are recorded.
///
/// Example: `auto x = track(tensor({1, 2})); auto g = grad(sum(x * x), {x});`
Tensor track(const Tensor& x);

/// The values, with shape and dtype, as text.
std::string str(const Tensor& x);
std::ostream& operator<<(std::ostream& out, const Tensor& x);

}  // namespace dimwise

#include "autodiff/node.hpp"  // the inline members of Tensor
