#include "nn/optim/clip.hpp"

#include <cmath>

#include "nn/optim/detail/update.hpp"

namespace dimwise::detail {

double global_norm(const std::vector<Tensor>& tensors) {
  double total = 0;
  for (const Tensor& t : tensors)
    dispatch(t.dtype(), [&](auto type) {
      using T = decltype(type);
      // Eight partial sums: with one, each addition would wait for the previous one.
      double part[8] = {};
      const T* x = t.node()->data<T>();
      const int64_t n = t.size();
      int64_t i = 0;
      for (; i + 8 <= n; i += 8)
        for (int64_t j = 0; j < 8; ++j) part[j] += static_cast<double>(x[i + j]) * static_cast<double>(x[i + j]);
      for (; i < n; ++i) part[0] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
      for (const double p : part) total += p;
    });
  return std::sqrt(total);
}

void scale_in_place(Tensor& t, double s) {
  dispatch(t.dtype(), [&](auto type) {
    using T = decltype(type);
    own<T>(t);
    into<T>(t) = elements<T>(t) * static_cast<T>(s);
  });
}

}  // namespace dimwise::detail
