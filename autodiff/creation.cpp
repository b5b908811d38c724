#include <algorithm>
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/tensor.hpp"

namespace dimwise {

Tensor full(const Shape& shape, double value, DType dtype) {
  Tensor result = empty(shape, dtype);
  dispatch(dtype, [&](auto t) {
    std::fill_n(mutable_data<decltype(t)>(result), shape.size(), static_cast<decltype(t)>(value));
  });
  return result;
}
Tensor zeros(const Shape& shape, DType dtype) { return full(shape, 0, dtype); }
Tensor ones(const Shape& shape, DType dtype) { return full(shape, 1, dtype); }
Tensor zeros_like(const Tensor& x) { return zeros(x.shape(), x.dtype()); }
Tensor ones_like(const Tensor& x) { return ones(x.shape(), x.dtype()); }
Tensor scalar(double value, DType dtype) { return full({}, value, dtype); }

namespace {
template <class F>
Tensor generate(const Shape& shape, DType dtype, F&& f) {
  Tensor result = empty(shape, dtype);
  dispatch(dtype, [&](auto t) {
    auto* out = mutable_data<decltype(t)>(result);
    for (int64_t i = 0, n = shape.size(); i < n; ++i) out[i] = static_cast<decltype(t)>(f(i));
  });
  return result;
}
}  // namespace

Tensor arange(double start, double stop, double step, DType dtype) {
  const double length = std::ceil((stop - start) / step);
  if (!std::isfinite(length))
    fail<ValueError>("arange", "from ", start, " to ", stop, " by ", step,
                     " is not a range. Use a finite, nonzero step towards the stop.");
  if (length > 0x1p60) fail<ValueError>("arange", length, " numbers are more than memory can hold. Use a longer step.");
  const auto n = static_cast<int64_t>(std::max(length, 0.0));
  return generate({n}, dtype, [&](int64_t i) { return start + step * static_cast<double>(i); });
}
Tensor arange(double stop, DType dtype) { return arange(0, stop, 1, dtype); }
Tensor linspace(double start, double stop, int64_t n, DType dtype) {
  return generate({n}, dtype, [&](int64_t i) {
    return i == n - 1 && n > 1
               ? stop
               : start + (stop - start) * static_cast<double>(i) / static_cast<double>(std::max<int64_t>(n - 1, 1));
  });
}
Tensor eye(int64_t n, DType dtype) {
  return generate({n, n}, dtype, [&](int64_t i) { return i / n == i % n ? 1.0 : 0.0; });
}
Tensor tensor(const std::vector<double>& values, const Shape& shape, DType dtype) {
  if (static_cast<int64_t>(values.size()) != shape.size())
    fail<ShapeError>("tensor", values.size(), " values do not fit shape ", shape, ".");
  return generate(shape, dtype, [&](int64_t i) { return values[static_cast<size_t>(i)]; });
}
Tensor tensor(const std::vector<double>& values, DType dtype) {
  return tensor(values, {static_cast<int64_t>(values.size())}, dtype);
}

}  // namespace dimwise
