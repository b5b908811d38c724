#pragma once
// Arithmetic on whole tensors as vectors, in place.

#include <array>
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/node.hpp"

namespace dimwise::vectors {

/// Throws ShapeError or DTypeError, in the name of `where`, unless `what` is of the shape and dtype of `of`.
inline void check_like(const char* where, const std::string& what, const Tensor& given, const char* of,
                       const Tensor& like) {
  if (given.shape() != like.shape())
    fail<ShapeError>(where, what, " has shape ", given.shape(), ", but ", of, " has ", like.shape(),
                     ". They must be equal.");
  if (given.dtype() != like.dtype())
    fail<DTypeError>(where, what, " is ", given.dtype(), ", but ", of, " is ", like.dtype(), ". Cast it with astype.");
}

/// Σ x_i y_i, accumulated in double.
inline double dot(const Tensor& x, const Tensor& y) {
  return dispatch(x.dtype(), [&](auto t) {
    using T = decltype(t);
    constexpr int64_t lanes = 8;
    const T *a = x.node()->data<T>(), *b = y.node()->data<T>();
    const int64_t n = x.size(), whole = n - n % lanes;
    std::array<double, lanes> sums{};
    for (int64_t i = 0; i < whole; i += lanes)
      for (int64_t k = 0; k < lanes; ++k)
        sums[static_cast<size_t>(k)] += static_cast<double>(a[i + k]) * static_cast<double>(b[i + k]);
    for (int64_t i = whole; i < n; ++i) sums[0] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    double total = 0;
    for (const double s : sums) total += s;
    return total;
  });
}

inline double norm(const Tensor& x) { return std::sqrt(dot(x, x)); }

/// y += s x, in place.
inline void add_scaled(const Tensor& y, double s, const Tensor& x) {
  dispatch(y.dtype(), [&](auto t) {
    using T = decltype(t);
    T* to = mutable_data<T>(y);
    const T* from = x.node()->data<T>();
    for (int64_t i = 0; i < y.size(); ++i) to[i] += static_cast<T>(s) * from[i];
  });
}

/// y = s x ⊙ w as a new tensor; without w, s x.
inline Tensor scaled(const Tensor& x, double s, const Tensor& w = {}) {
  Tensor y = empty(x.shape(), x.dtype());
  dispatch(y.dtype(), [&](auto t) {
    using T = decltype(t);
    T* to = mutable_data<T>(y);
    const T *from = x.node()->data<T>(), *by = w.defined() ? w.node()->data<T>() : nullptr;
    for (int64_t i = 0; i < y.size(); ++i) to[i] = static_cast<T>(s) * (by ? from[i] * by[i] : from[i]);
  });
  return y;
}

}  // namespace dimwise::vectors
