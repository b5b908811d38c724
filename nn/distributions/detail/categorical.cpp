#include "nn/distributions/detail/categorical.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::detail {

std::vector<int64_t> draw_categorical(const char* where, const Rng& rng, const Tensor& logits, int64_t n) {
  const NoGrad guard;
  const int64_t k = logits.dim(1), shared = logits.dim(0) == 1 ? 0 : 1;
  const std::vector<double> ends = cumsum(softmax(astype(logits, DType::float64))).values(), u = rng.uniforms(n);
  std::vector<int64_t> drawn;
  for (int64_t i = 0; i < n; ++i) {
    const auto begin = ends.begin() + shared * i * k, end = begin + k;
    const double total = *(end - 1);
    if (!(total > 0))
      fail<ValueError>(where, "the logits of row ", shared * i,
                       " give no weights. At least one must be finite, and none NaN or ∞.");
    // The first end above u·total. Where rounding leaves none, the first that is the total.
    const auto at = std::upper_bound(begin, end, u[static_cast<size_t>(i)] * total);
    drawn.push_back((at == end ? std::lower_bound(begin, end, total) : at) - begin);
  }
  return drawn;
}

}  // namespace dimwise::detail
