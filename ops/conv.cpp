#include "ops/conv.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "autodiff/detail/rules.hpp"
#include "ops/detail/all_ops.hpp"
#include "ops/detail/conv_kernels.hpp"

namespace dimwise {

namespace {

using conv::Geometry;
using conv::Result;

struct Setting {
  Conv2dOptions options;
  Size2d target{};  // the image of conv2d_input, the kernel of conv2d_weight
};

void check_four(const char* op, const char* what, const Shape& shape, const char* meaning) {
  if (shape.rank() != 4) fail<ShapeError>(op, what, " has shape ", shape, ". It must be ", meaning, ".");
}

// The length of an output axis; throws if the kernel does not fit into the padded image.
int64_t output_length(const char* op, int64_t image, int64_t kernel, int64_t stride, int64_t padding) {
  if (kernel < 1 || kernel > image + 2 * padding)
    fail<ShapeError>(op, "a kernel of length ", kernel, " does not fit into ", image, " pixels padded by ", padding,
                     " on each side. Pad more, or use a smaller kernel.");
  return (image + 2 * padding - kernel) / stride + 1;
}

Geometry geometry(const char* op, const Conv2dOptions& o, const Shape& image, const Shape& kernel) {
  Geometry g{};
  g.n = image[0], g.c = image[1], g.h = image[2], g.w = image[3];
  g.o = kernel[0], g.kh = kernel[2], g.kw = kernel[3];
  g.stride_h = o.stride.h, g.stride_w = o.stride.w, g.pad_h = o.padding.h, g.pad_w = o.padding.w;
  g.oh = output_length(op, g.h, g.kh, g.stride_h, g.pad_h);
  g.ow = output_length(op, g.w, g.kw, g.stride_w, g.pad_w);
  return g;
}

void check_output(const char* op, const Geometry& g, const Shape& output) {
  if (output != Shape{g.n, g.o, g.oh, g.ow})
    fail<ShapeError>(op, "g has shape ", output, ", but an image of ", g.h, " × ", g.w, " and a kernel of ", g.kh,
                     " × ", g.kw, " give ", Shape{g.n, g.o, g.oh, g.ow}, ". Check size, kernel, stride and padding.");
}

Geometry of_output(const Shape& x, const Shape& w, const Setting& s) {
  check_four("conv2d", "x", x, "(n, channels, h, w)");
  check_four("conv2d", "the weight", w, "(out, in, kh, kw)");
  if (x[1] != w[1])
    fail<ShapeError>("conv2d", "x of shape ", x, " has ", x[1], " channels, but the weight of shape ", w, " takes ",
                     w[1], ".");
  return geometry("conv2d", s.options, x, w);
}

Geometry of_input(const Shape& y, const Shape& w, const Setting& s) {
  check_four("conv2d_input", "g", y, "(n, out, oh, ow)");
  check_four("conv2d_input", "the weight", w, "(out, in, kh, kw)");
  const Geometry g = geometry("conv2d_input", s.options, {y[0], w[1], s.target.h, s.target.w}, w);
  check_output("conv2d_input", g, y);
  return g;
}

Geometry of_weight(const Shape& x, const Shape& y, const Setting& s) {
  check_four("conv2d_weight", "x", x, "(n, channels, h, w)");
  check_four("conv2d_weight", "g", y, "(n, out, oh, ow)");
  const Geometry g = geometry("conv2d_weight", s.options, x, {y[1], x[1], s.target.h, s.target.w});
  check_output("conv2d_weight", g, y);
  return g;
}

Tensor compute(Result result, const Geometry& g, const Shape& shape, const Tensor& a, const Tensor& b) {
  if (a.size() == 0 || b.size() == 0) return zeros(shape, a.dtype());
  Tensor y = empty(shape, a.dtype());
  if (y.size() == 0) return y;
  dispatch(a.dtype(), [&](auto t) {
    using T = decltype(t);
    const T *pa = a.node()->data<T>(), *pb = b.node()->data<T>();
    if constexpr (std::is_same_v<T, float>)
      if (conv::by_onednn(result, g, pa, pb, mutable_data<T>(y))) return;
    conv::by_gemm(result, g, pa, pb, mutable_data<T>(y));
  });
  return y;
}

Size2d image_of(const Tensor& x) { return {x.shape()[2], x.shape()[3]}; }

// Each one's adjoints are the other two.
const Op conv2d_op = record::bilinear<Setting>(
    "conv2d",
    [](const Tensor& x, const Tensor& w, const Setting& s) {
      const Geometry g = of_output(x.shape(), w.shape(), s);
      return compute(Result::output, g, {g.n, g.o, g.oh, g.ow}, x, w);
    },
    [](const Tensor& v, const Tensor& x, const Tensor& w, const Setting& s) {
      return conv2d_input(v, w, image_of(x), s.options);
    },
    [](const Tensor& v, const Tensor& x, const Tensor& w, const Setting& s) {
      return conv2d_weight(x, v, image_of(w), s.options);
    });

const Op conv2d_input_op = record::bilinear<Setting>(
    "conv2d_input",
    [](const Tensor& y, const Tensor& w, const Setting& s) {
      const Geometry g = of_input(y.shape(), w.shape(), s);
      return compute(Result::input, g, {g.n, g.c, g.h, g.w}, y, w);
    },
    [](const Tensor& v, const Tensor&, const Tensor& w, const Setting& s) { return conv2d(v, w, s.options); },
    [](const Tensor& v, const Tensor& y, const Tensor& w, const Setting& s) {
      return conv2d_weight(v, y, image_of(w), s.options);
    });

const Op conv2d_weight_op = record::bilinear<Setting>(
    "conv2d_weight",
    [](const Tensor& x, const Tensor& y, const Setting& s) {
      const Geometry g = of_weight(x.shape(), y.shape(), s);
      return compute(Result::weight, g, {g.o, g.c, g.kh, g.kw}, x, y);
    },
    [](const Tensor& v, const Tensor& x, const Tensor& y, const Setting& s) {
      return conv2d_input(y, v, image_of(x), s.options);
    },
    [](const Tensor& v, const Tensor& x, const Tensor&, const Setting& s) { return conv2d(x, v, s.options); });

// Sums and products of lengths up to this one do not overflow.
constexpr int64_t longest = 1 << 24;

void check_options(const char* op, const Size2d& stride, const Size2d& padding) {
  if (std::min(stride.h, stride.w) < 1 || std::min(padding.h, padding.w) < 0 ||
      std::max({stride.h, stride.w, padding.h, padding.w}) > longest)
    fail<ValueError>(op, "stride (", stride.h, ", ", stride.w, "), padding (", padding.h, ", ", padding.w,
                     "). A stride must be at least 1, a padding at least 0, and both at most ", longest, ".");
}

Tensor apply_checked(const char* name, const Op& op, const Tensor& a, const Tensor& b, const Setting& setting) {
  check_options(name, setting.options.stride, setting.options.padding);
  return apply(op, {a, b}, attributes(setting));
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& w, const Conv2dOptions& options) {
  return apply_checked("conv2d", conv2d_op, x, w, {options});
}

Tensor conv2d_input(const Tensor& g, const Tensor& w, const Size2d& size, const Conv2dOptions& options) {
  return apply_checked("conv2d_input", conv2d_input_op, g, w, {options, size});
}

Tensor conv2d_weight(const Tensor& x, const Tensor& g, const Size2d& kernel, const Conv2dOptions& options) {
  return apply_checked("conv2d_weight", conv2d_weight_op, x, g, {options, kernel});
}

Tensor conv_transpose2d(const Tensor& x, const Tensor& w, const ConvTranspose2dOptions& o) {
  check_options("conv_transpose2d", o.stride, o.padding);
  if (std::min(o.output_padding.h, o.output_padding.w) < 0 || o.output_padding.h >= o.stride.h ||
      o.output_padding.w >= o.stride.w)
    fail<ValueError>("conv_transpose2d", "output padding (", o.output_padding.h, ", ", o.output_padding.w,
                     "). It must be at least 0 and below the stride.");
  check_four("conv_transpose2d", "x", x.shape(), "(n, in, h, w)");
  check_four("conv_transpose2d", "the weight", w.shape(), "(in, out, kh, kw)");
  if (x.dim(1) != w.dim(0))
    fail<ShapeError>("conv_transpose2d", "x of shape ", x.shape(), " has ", x.dim(1),
                     " channels, but the weight of shape ", w.shape(), " takes ", w.dim(0), '.');
  const auto length = [&](int axis, int64_t stride, int64_t padding, int64_t extra) {
    const int64_t n = (x.dim(axis) - 1) * stride - 2 * padding + w.dim(axis) + extra;
    if (x.dim(axis) < 1 || n < 1)
      fail<ShapeError>("conv_transpose2d", "x of shape ", x.shape(), " and a weight of shape ", w.shape(),
                       " leave no pixel along axis ", axis, ". Use less padding or a larger kernel.");
    return n;
  };
  const Size2d size{length(2, o.stride.h, o.padding.h, o.output_padding.h),
                    length(3, o.stride.w, o.padding.w, o.output_padding.w)};
  return conv2d_input(x, w, size, {o.stride, o.padding});
}

std::vector<const Op*> conv_ops() { return {&conv2d_op, &conv2d_input_op, &conv2d_weight_op}; }

}  // namespace dimwise
