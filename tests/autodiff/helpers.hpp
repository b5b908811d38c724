#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "autodiff/base/error.hpp"
#include "autodiff/base/rng.hpp"
#include "autodiff/tensor.hpp"

namespace dimwise {

inline Tensor f64(const std::vector<double>& values) { return tensor(values, DType::float64); }
inline Tensor f64(double value) { return scalar(value, DType::float64); }
inline Tensor normal(const Shape& shape, uint64_t seed = 1) { return Rng(seed).normal(shape, DType::float64); }

/// max |a − b|, infinite if shapes differ or a NaN occurs.
inline double distance(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) return INFINITY;
  const std::vector<double> x = a.values(), y = b.values();
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double d = std::abs(x[i] - y[i]);
    if (!(d <= worst)) worst = std::isnan(d) ? INFINITY : d;
  }
  return worst;
}

inline bool all_zero(const Tensor& x) { return distance(x, zeros_like(x)) == 0; }
inline bool all_finite(const Tensor& x) {
  for (const double v : x.values())
    if (!std::isfinite(v)) return false;
  return true;
}

/// The text of the Error that f throws.
template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace dimwise
