#include "hollow/sde/sde.hpp"

#include <utility>

#include "autodiff/context.hpp"
#include "autodiff/traced.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise {

SdeCoefficient brute_force_coefficient(std::function<Tensor(const Tensor& t, const Tensor& x)> f) {
  return [f = std::move(f)](const Tensor& t, const Tensor& x, int order) {
    if (order == 0) return std::vector<Tensor>{f(t, x)};
    const Traced traced(x, [&](const Tensor& inner) { return f(t, inner); });
    const EnableGrad guard;
    std::vector<Tensor> result(static_cast<size_t>(order) + 1);
    result[0] = traced.y();
    for (int64_t i = 0; i < x.dim(-1); ++i) {
      const Tensor one = place_row(scalar(1, x.dtype()), i, x.dim(-1));
      Tensor derivative = traced.y();
      for (size_t k = 1; k < result.size(); ++k) {
        derivative = derivative.tracked() ? Tape({derivative}, {traced.x()}).pull({one})[0] : zeros_like(x);
        accumulate(result[k], derivative * one);
      }
    }
    for (Tensor& r : result) r = traced.result(std::move(r));
    return result;
  };
}

}  // namespace dimwise
