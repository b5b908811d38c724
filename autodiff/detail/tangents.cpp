#include "autodiff/detail/tangents.hpp"

#include "autodiff/detail/rules.hpp"

namespace dimwise {

Tensor cotangent_mul(const Tensor& w, const Tensor& d) { return apply(cotangent_mul_op, {w, d}); }

Tensor cotangent_mul_sum_to(const Tensor& w, const Tensor& d, const Shape& full, const Shape& shape) {
  if (shape == full || detail::recorded(w, d) || broadcast("mul", w.shape(), d.shape()) != full)
    return unbroadcast(cotangent_mul(w, d), full, shape);
  return detail::map_sum(full, shape, cotangent_product, w, d);
}

Tensor unbroadcast(const Tensor& w, const Shape& full, const Shape& shape) {
  if (shape == full) return w;
  Shape partial;  // the remaining axes of w
  double count = 1;
  for (int i = full.rank(); i > 0; --i) {
    const int64_t n = full[full.rank() - i], given = i <= w.rank() ? w.shape()[w.rank() - i] : 1;
    const bool kept = i <= shape.rank() && shape[shape.rank() - i] == n;
    if (!kept && given == 1) count *= static_cast<double>(n);
    if (i <= shape.rank() && i <= w.rank()) partial.push_back(kept ? given : 1);
  }
  return scale(sum_to(w, partial), count);
}

// A scalar direction stays a scalar.
Tensor reshape_tangent(const Tensor& w, const Shape& from, const Shape& to) {
  return w.size() == 1 ? reshape(w, {}) : reshape(broadcast_to(w, from), to);
}

}  // namespace dimwise
