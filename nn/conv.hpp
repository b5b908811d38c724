#pragma once

#include "autodiff/base/rng.hpp"
#include "nn/module.hpp"
#include "ops/conv.hpp"

namespace dimwise {

/// y = conv2d(x, W) + b, with W of shape (out, in, kh, kw) as in PyTorch, and its default initial values: uniform
/// within ±1/√(in·kh·kw).
///
/// Example: `Conv2d layer(1, 32, 5, rng.split("layer"), {.stride = 2, .padding = 2}); Tensor y = layer(images);`
struct Conv2d {
  Tensor weight, bias;
  Conv2dOptions options;

  Conv2d() = default;
  Conv2d(int64_t in, int64_t out, const Size2d& kernel, const Rng& rng, const Conv2dOptions& options = {},
         DType dtype = DType::float32, bool with_bias = true);

  /// x of shape (n, in, h, w) gives (n, out, oh, ow). Throws ShapeError.
  Tensor operator()(const Tensor& x) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("weight", self.weight);
    v("bias", self.bias);
    v("stride", self.options.stride);
    v("padding", self.options.padding);
  }
};

/// y = conv_transpose2d(x, W) + b, with W of shape (in, out, kh, kw) as in PyTorch, and its default initial values:
/// uniform within ±1/√(out·kh·kw).
///
/// Example: `ConvTranspose2d layer(64, 32, 5, rng, {.stride = 2, .padding = 2, .output_padding = 1});` doubles an
/// image.
struct ConvTranspose2d {
  Tensor weight, bias;
  ConvTranspose2dOptions options;

  ConvTranspose2d() = default;
  ConvTranspose2d(int64_t in, int64_t out, const Size2d& kernel, const Rng& rng,
                  const ConvTranspose2dOptions& options = {}, DType dtype = DType::float32, bool with_bias = true);

  /// x of shape (n, in, h, w) gives (n, out, (h − 1)·stride − 2·padding + kh + output_padding, …). Throws ShapeError.
  Tensor operator()(const Tensor& x) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("weight", self.weight);
    v("bias", self.bias);
    v("stride", self.options.stride);
    v("padding", self.options.padding);
    v("output_padding", self.options.output_padding);
  }
};

}  // namespace dimwise
