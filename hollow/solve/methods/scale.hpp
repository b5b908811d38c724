#pragma once
// The norm in which tolerances are stated.

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "autodiff/node.hpp"

namespace dimwise::roots {

/// Of each row, the mean of x ⊙ y ⊙ weights².
inline std::vector<double> row_products(const Tensor& x, const Tensor& y, const Tensor& weights = {}) {
  return dispatch(x.dtype(), [&](auto t) {
    using T = decltype(t);
    const T *a = x.node()->data<T>(), *b = y.node()->data<T>(),
            *by = weights.defined() ? weights.node()->data<T>() : nullptr;
    const int64_t d = x.dim(-1);
    std::vector<double> products;
    for (int64_t begin = 0; begin < x.size(); begin += d) {
      double total = 0;
      for (int64_t i = begin; i < begin + d; ++i) {
        const double w = by ? static_cast<double>(by[i]) : 1;
        total += (static_cast<double>(a[i]) * w) * (static_cast<double>(b[i]) * w);
      }
      products.push_back(total / static_cast<double>(d));
    }
    return products;
  });
}
/// The RMS of each row of x ⊙ weights.
inline std::vector<double> row_norms(const Tensor& x, const Tensor& weights = {}) {
  std::vector<double> norms = row_products(x, x, weights);
  for (double& n : norms) n = std::sqrt(n);
  return norms;
}
/// The largest norm; NaN if any is NaN.
inline double largest(const std::vector<double>& norms) {
  double worst = 0;
  for (const double n : norms) {
    if (std::isnan(n)) return n;
    worst = std::max(worst, n);
  }
  return worst;
}
/// The RMS of all rows together.
inline double together(const std::vector<double>& norms) {
  double total = 0;
  for (const double n : norms) total += n * n;
  return std::sqrt(total / static_cast<double>(norms.size()));
}
inline double row_norm(const Tensor& x, const Tensor& weights = {}) { return largest(row_norms(x, weights)); }

/// Lengths in units of the tolerance at y: the RMS of x / (atol + rtol·|y|) in the worst row.
class Scale {
 public:
  Scale(const Tensor& y, double rtol, double atol) : weights_(empty(y.shape(), y.dtype())) {
    dispatch(y.dtype(), [&](auto t) {
      using T = decltype(t);
      const T* from = y.node()->data<T>();
      T* to = mutable_data<T>(weights_);
      for (int64_t i = 0; i < y.size(); ++i)
        to[i] = static_cast<T>(1 / (atol + rtol * std::abs(static_cast<double>(from[i]))));
      rounding_ = 16 * static_cast<double>(std::numeric_limits<T>::epsilon()) * norm(y);
    });
  }
  double norm(const Tensor& x) const { return row_norm(x, weights_); }
  std::vector<double> norms(const Tensor& x) const { return row_norms(x, weights_); }
  /// The rounding error of y, in the same units.
  double rounding() const { return rounding_; }
  const Tensor& weights() const { return weights_; }

 private:
  Tensor weights_;
  double rounding_ = 0;
};

}  // namespace dimwise::roots
