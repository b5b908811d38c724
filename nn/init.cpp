#include "nn/init.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/base/error.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"
#include "ops/linalg.hpp"

namespace dimwise {

namespace {

struct Fans {
  double in, out;
};

Fans fans(const char* where, const Shape& shape) {
  if (shape.rank() < 2) fail<ShapeError>(where, "shape ", shape, " has no fan-in and fan-out. Give (out, in, …).");
  const double field = static_cast<double>(shape.inner(1));
  return {static_cast<double>(shape[1]) * field, static_cast<double>(shape[0]) * field};
}

}  // namespace

Tensor xavier_uniform(const Shape& shape, const Rng& rng, DType dtype, double gain) {
  const Fans f = fans("xavier_uniform", shape);
  const double bound = gain * std::sqrt(6 / (f.in + f.out));
  return rng.uniform(shape, dtype, -bound, bound);
}

Tensor xavier_normal(const Shape& shape, const Rng& rng, DType dtype, double gain) {
  const Fans f = fans("xavier_normal", shape);
  return rng.normal(shape, dtype) * (gain * std::sqrt(2 / (f.in + f.out)));
}

Tensor kaiming_uniform(const Shape& shape, const Rng& rng, DType dtype, double gain) {
  const double bound = gain * std::sqrt(3 / fans("kaiming_uniform", shape).in);
  return rng.uniform(shape, dtype, -bound, bound);
}

Tensor kaiming_normal(const Shape& shape, const Rng& rng, DType dtype, double gain) {
  return rng.normal(shape, dtype) * (gain / std::sqrt(fans("kaiming_normal", shape).in));
}

Tensor orthogonal(const Shape& shape, const Rng& rng, DType dtype, double gain) {
  const Fans f = fans("orthogonal", shape);
  const int64_t rows = shape[0], columns = static_cast<int64_t>(f.in);
  const Tensor normal = rng.normal({std::max(rows, columns), std::min(rows, columns)}, DType::float64);
  const auto [q, r] = qr(normal);
  // The signs of R's diagonal make Q unique, and so uniform.
  const Tensor d = diagonal(r), signed_q = q * where(d < 0, full(d.shape(), -1, d.dtype()), ones_like(d));
  return astype(reshape(rows < columns ? transpose(signed_q) : signed_q, shape) * gain, dtype);
}

}  // namespace dimwise
