#pragma once

#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// Integers with a shape, for gather and scatter.
struct Indices {
  Shape shape;
  std::vector<int64_t> values;
};

/// Slices i₀, i₁, … along an axis, in that order, with repetition. Throws ShapeError for an index out of range.
Tensor index_select(const Tensor& x, int axis, const std::vector<int64_t>& indices);
/// The adjoint of index_select: zeros of length n along the axis, to which slice k of x is added at indices[k].
Tensor index_add(const Tensor& x, int axis, const std::vector<int64_t>& indices, int64_t n);
/// y[…, i, …] = x[…, index[…, i, …], …] along an axis; index has x's shape except along the axis. Throws ShapeError.
Tensor gather(const Tensor& x, int axis, const Indices& index);
/// The adjoint of gather: zeros of length n along the axis, to which x's elements are added at the given indices.
Tensor scatter_add(const Tensor& x, int axis, const Indices& index, int64_t n);

}  // namespace dimwise
