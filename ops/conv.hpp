#pragma once

#include "autodiff/tensor.hpp"

namespace dimwise {

/// A length along each axis of an image; one number means both.
struct Size2d {
  int64_t h, w;
  Size2d(int64_t both = 0) : h(both), w(both) {}  // NOLINT(google-explicit-constructor): {.stride = 2}
  Size2d(int64_t height, int64_t width) : h(height), w(width) {}
};

struct Conv2dOptions {
  Size2d stride = 1;
  Size2d padding = 0;  ///< zeros on each side
};

struct ConvTranspose2dOptions {
  Size2d stride = 1;
  Size2d padding = 0;         ///< rows and columns removed on each side
  Size2d output_padding = 0;  ///< rows and columns added at the end; below the stride
};

/// y[n,o,i,j] = Σ_{c,k,l} x[n, c, i·stride + k − padding, j·stride + l − padding] w[o,c,k,l], with zeros outside x.
///
/// x of shape (n, c, h, w) and w of (o, c, kh, kw) give (n, o, oh, ow), oh = ⌊(h + 2·padding − kh)/stride⌋ + 1, as in
/// PyTorch. Uses oneDNN in float32, GEMM in float64. Throws ShapeError, and ValueError for an invalid stride or
/// padding.
///
/// Example: `Tensor y = conv2d(x, w, {.stride = 2, .padding = {2, 1}});`
Tensor conv2d(const Tensor& x, const Tensor& w, const Conv2dOptions& options = {});

/// The adjoint of conv2d with respect to x: g of shape (n, o, oh, ow) and w of (o, c, kh, kw) give (n, c, h, w), where
/// `size` is (h, w). Throws ShapeError unless conv2d of that size gives g's shape.
Tensor conv2d_input(const Tensor& g, const Tensor& w, const Size2d& size, const Conv2dOptions& options = {});

/// The adjoint of conv2d with respect to w: x of shape (n, c, h, w) and g of (n, o, oh, ow) give (o, c, kh, kw), where
/// `kernel` is (kh, kw). Throws ShapeError unless conv2d with that kernel gives g's shape.
Tensor conv2d_weight(const Tensor& x, const Tensor& g, const Size2d& kernel, const Conv2dOptions& options = {});

/// Transposed convolution: conv2d_input of the size (h − 1)·stride − 2·padding + kh + output_padding.
///
/// x of shape (n, in, h, w) and w of (in, out, kh, kw), as in PyTorch. Throws ShapeError and ValueError.
Tensor conv_transpose2d(const Tensor& x, const Tensor& w, const ConvTranspose2dOptions& options = {});

}  // namespace dimwise
