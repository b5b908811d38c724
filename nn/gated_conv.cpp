#include "nn/gated_conv.hpp"

#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"

namespace dimwise {

GatedConv2d::GatedConv2d(int64_t in, int64_t out, const Size2d& kernel, const Rng& rng, const Conv2dOptions& options,
                         DType dtype)
    : value(in, out, kernel, rng.split("value"), options, dtype),
      gate(in, out, kernel, rng.split("gate"), options, dtype) {}

Tensor GatedConv2d::operator()(const Tensor& x) const { return value(x) * sigmoid(gate(x)); }

GatedConvTranspose2d::GatedConvTranspose2d(int64_t in, int64_t out, const Size2d& kernel, const Rng& rng,
                                           const ConvTranspose2dOptions& options, DType dtype)
    : value(in, out, kernel, rng.split("value"), options, dtype),
      gate(in, out, kernel, rng.split("gate"), options, dtype) {}

Tensor GatedConvTranspose2d::operator()(const Tensor& x) const { return value(x) * sigmoid(gate(x)); }

}  // namespace dimwise
