#pragma once

#include <span>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// A truncated Taylor series x(t) = c₀ + c₁t + c₂t² + … whose coefficients are tensors.
///
/// Coefficients beyond the stored ones, and undefined ones, are zero. All broadcast to the shape of c₀.
struct Series {
  std::vector<Tensor> c;

  Series() = default;
  /// A constant.
  Series(Tensor value) : c{std::move(value)} {}  // NOLINT(google-explicit-constructor)
  explicit Series(std::vector<Tensor> coefficients) : c(std::move(coefficients)) {}

  int order() const { return static_cast<int>(c.size()) - 1; }
  const Tensor& value() const { return c.front(); }
  /// Coefficient k; undefined if it is zero.
  Tensor at(int k) const { return k <= order() ? c[static_cast<size_t>(k)] : Tensor(); }
  /// The first coefficients, up to order k.
  Series truncated(int k) const;
  /// Broadcasts all coefficients to the shape of c₀.
  void expand();
  /// The series of x'(t), of one order less.
  Series derivative() const;
};

/// The highest order among series.
int max_order(std::span<const Series> series);

}  // namespace dimwise
