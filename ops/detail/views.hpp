#pragma once
// Tensors as xtensor expressions of two or three axes.

#include <array>

#include "autodiff/kernels/xtensor_views.hpp"
#include "autodiff/node.hpp"

namespace dimwise {

/// Calls f(y, x, after…) with y and x as expressions of two axes, those before `axis` merged and `axis`, or of three,
/// with those after it merged; then `after` is xt::all(), for `xt::view`.
///
/// Example: `with_views<T>(y, x, 0, [](auto&& y, auto&& x, auto... after) {
///   xt::noalias(y) = xt::view(x, xt::all(), xt::range(0, 2), after...); });`
template <class T, class F>
void with_views(const Tensor& y, const Tensor& x, int axis, F&& f) {
  const auto adapted = [&](const Tensor& t, auto... inner) {
    const auto length = [](int64_t n) { return static_cast<size_t>(n); };
    return xt::adapt(t.node()->data<T>(), length(t.size()), xt::no_ownership(),
                     std::array<size_t, 2 + sizeof...(inner)>{length(t.shape().outer(axis)), length(t.shape()[axis]),
                                                              length(inner)...});
  };
  const int64_t inner = x.shape().inner(axis);
  if (inner == 1)
    f(adapted(y), adapted(x));
  else
    f(adapted(y, inner), adapted(x, inner), xt::all());
}

}  // namespace dimwise
