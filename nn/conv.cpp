#include "nn/conv.hpp"

#include <algorithm>
#include <cmath>

#include "ops/arithmetic.hpp"

namespace dimwise {

namespace {

// PyTorch takes the axes after the first as the inputs of a unit, in either layout.
double bound(const Shape& weight) { return 1 / std::sqrt(static_cast<double>(std::max<int64_t>(weight.inner(0), 1))); }

Tensor uniform(const Shape& shape, double bound, const Rng& rng, DType dtype) {
  return rng.uniform(shape, dtype, -bound, bound);
}

Tensor with_channels(const Tensor& y, const Tensor& bias) {
  return bias.defined() ? y + reshape(bias, {bias.size(), 1, 1}) : y;
}

}  // namespace

Conv2d::Conv2d(int64_t in, int64_t out, const Size2d& kernel, const Rng& rng, const Conv2dOptions& o, DType dtype,
               bool with_bias)
    : options(o) {
  const Shape shape{out, in, kernel.h, kernel.w};
  weight = uniform(shape, bound(shape), rng.split("weight"), dtype);
  if (with_bias) bias = uniform({out}, bound(shape), rng.split("bias"), dtype);
}

Tensor Conv2d::operator()(const Tensor& x) const { return with_channels(conv2d(x, weight, options), bias); }

ConvTranspose2d::ConvTranspose2d(int64_t in, int64_t out, const Size2d& kernel, const Rng& rng,
                                 const ConvTranspose2dOptions& o, DType dtype, bool with_bias)
    : options(o) {
  const Shape shape{in, out, kernel.h, kernel.w};
  weight = uniform(shape, bound(shape), rng.split("weight"), dtype);
  if (with_bias) bias = uniform({out}, bound(shape), rng.split("bias"), dtype);
}

Tensor ConvTranspose2d::operator()(const Tensor& x) const {
  return with_channels(conv_transpose2d(x, weight, options), bias);
}

}  // namespace dimwise
