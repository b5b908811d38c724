#include "hollow/net/brute_force.hpp"

#include "autodiff/context.hpp"
#include "autodiff/traced.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise {

std::vector<Tensor> brute_force_dimwise(const Function& f, const Tensor& x, int order) {
  const Traced traced(x, f);
  std::vector<Tensor> result(static_cast<size_t>(order) + 1);
  result[0] = traced.y();
  const GradMode recorded = order > 1 ? GradMode(true) : traced.mode();
  for (int64_t i = 0; i < x.dim(-1); ++i) {
    const Tensor one = place_row(scalar(1, x.dtype()), i, x.dim(-1));  // for every row
    Tensor derivative = traced.y();
    for (size_t k = 1; k < result.size(); ++k) {
      if (k == 1)
        derivative = traced.tape().pull({one})[0];
      else
        derivative = derivative.tracked() ? Tape({derivative}, {traced.x()}).pull({one})[0] : zeros_like(x);
      accumulate(result[k], derivative * one);
    }
  }
  for (Tensor& r : result) r = traced.result(std::move(r));
  return result;
}

}  // namespace dimwise
