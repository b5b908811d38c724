#include "nn/optim/clip.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "nn/optim/detail/update.hpp"

namespace dimwise::detail {

namespace {

double sum_of_squares(const std::vector<Tensor>& tensors, double scale) {
  double total = 0;
  for (const Tensor& t : tensors)
    dispatch(t.dtype(), [&](auto type) {
      using T = decltype(type);
      // Eight partial sums: with one, each addition would wait for the previous one.
      double part[8] = {};
      const auto square_of = [scale](T v) {
        const double scaled = scale * static_cast<double>(v);
        return scaled * scaled;
      };
      const T* x = t.node()->data<T>();
      const int64_t n = t.size();
      int64_t i = 0;
      for (; i + 8 <= n; i += 8)
        for (int64_t j = 0; j < 8; ++j) part[j] += square_of(x[i + j]);
      for (; i < n; ++i) part[0] += square_of(x[i]);
      for (const double p : part) total += p;
    });
  return total;
}

}  // namespace

double global_norm(const std::vector<Tensor>& tensors) {
  const double plain = sum_of_squares(tensors, 1);
  if (plain > 1e-280 && plain < 1e280) return std::sqrt(plain);
  // Squares may have overflowed or underflowed: those of the numbers scaled by a power of two do not.
  double largest = 0;
  for (const Tensor& t : tensors)
    for (const double x : t.values()) largest = std::max(largest, std::abs(x));
  if (std::isnan(plain) || std::isinf(largest) || largest == 0) return std::sqrt(plain);
  const double scale = std::ldexp(1.0, -std::clamp(std::ilogb(largest), -1000, 1000));
  return std::sqrt(sum_of_squares(tensors, scale)) / scale;
}

void scale_in_place(Tensor& t, double to, double from) {
  dispatch(t.dtype(), [&](auto type) {
    using T = decltype(type);
    const T s = static_cast<T>(to / from);
    T* x = own<T>(t);
    if (s >= std::numeric_limits<T>::min()) {
      into<T>(t) = elements<T>(t) * s;
      return;
    }
    for (int64_t i = 0; i < t.size(); ++i) x[i] = static_cast<T>(static_cast<double>(x[i]) / from * to);
  });
}

}  // namespace dimwise::detail
