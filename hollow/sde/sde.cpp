#include "hollow/sde/sde.hpp"

#include <utility>

#include "ops/arithmetic.hpp"

namespace dimwise {

Coefficient brute_force_coefficient(std::function<Tensor(const Tensor& t, const Tensor& x)> f) {
  return [f = std::move(f)](const Tensor& t, const Tensor& x, int order) {
    if (order == 0) return std::vector<Tensor>{f(t, x)};
    const bool outer = recording();
    const Recording on(true);
    const Tensor inner = outer ? alias(x) : track(x), y = f(t, inner);
    const bool keep = outer && (x.tracked() || Tape({y}, {inner}).entered());
    std::vector<Tensor> result(static_cast<size_t>(order) + 1);
    result[0] = y;
    for (int64_t i = 0; i < x.dim(-1); ++i) {
      const Tensor one = place_row(scalar(1, x.dtype()), i, x.dim(-1));
      Tensor derivative = y;
      for (size_t k = 1; k < result.size(); ++k) {
        derivative = derivative.tracked() ? Tape({derivative}, {inner}).pull({one})[0] : zeros_like(x);
        accumulate(result[k], derivative * one);
      }
    }
    if (!keep)
      for (Tensor& r : result) r = stop_gradient(r);
    return result;
  };
}

}  // namespace dimwise
