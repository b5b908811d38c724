#include "autodiff/debug/check_grads.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "autodiff/base/error.hpp"
#include "autodiff/base/rng.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/tape.hpp"

namespace dimwise {

namespace {

using F = std::function<Tensor(const std::vector<Tensor>&)>;

Tensor total(const Tensor& x) { return sum_to(x, {}); }

// A derivative has fewer correct digits than its function, so that differences of derivatives need longer steps.
constexpr double growth = 4;

// The scalar function whose gradient is checked: ⟨w, f⟩ for order 1, then ⟨v, gradient⟩ of the previous one.
F contracted(const F& f, const std::vector<Tensor>& inputs, int order, const Rng& rng) {
  if (order == 1)
    return [f, rng](const std::vector<Tensor>& x) {
      const Tensor y = f(x);
      return total(mul(y, rng.normal(y.shape(), DType::float64)));
    };
  const F below = contracted(f, inputs, order - 1, rng);
  return [below, order, rng](const std::vector<Tensor>& x) {
    const EnableGrad guard;
    std::vector<Tensor> leaves;
    for (const Tensor& t : x) leaves.push_back(alias(t));
    const std::vector<Tensor> g = Tape({below(leaves)}, leaves).pull({scalar(1, DType::float64)});
    Tensor sum;
    for (size_t i = 0; i < g.size(); ++i)
      accumulate(
          sum, total(mul(g[i], rng.split(static_cast<uint64_t>(order)).split(i).normal(g[i].shape(), DType::float64))));
    return sum;
  };
}

Tensor with_element(const Tensor& x, int64_t i, double value) {
  std::vector<double> values = x.values();
  values[static_cast<size_t>(i)] = value;
  return tensor(values, x.shape(), DType::float64);
}

}  // namespace

CheckResult check_grads(const F& f, const std::vector<Tensor>& inputs, const CheckOptions& options) {
  for (const Tensor& x : inputs)
    if (x.dtype() != DType::float64)
      fail<DTypeError>("check_grads", "an input is ", x.dtype(), ". Differences need float64: cast it with astype.");
  const Rng rng = Rng(options.seed).split("check_grads");
  CheckResult result;
  const auto compare = [&](double analytic, double numeric, const std::string& where) {
    const double error = std::abs(analytic - numeric) / (1 + std::abs(numeric));
    if (!(error <= options.tolerance)) {
      std::ostringstream text;
      text.precision(12);
      text << where << ": derivative " << analytic << ", difference " << numeric;
      fail<ValueError>("check_grads", text.str(), ", error ", error, " above ", options.tolerance,
                       ". The rule is wrong, or f is not smooth at this point.");
    }
    if (error >= result.worst) result = {error, where};
  };

  double step = options.step;
  for (int order = 1; order <= options.order; ++order, step *= growth) {
    const F scalar_f = contracted(f, inputs, order, rng);
    std::vector<Tensor> leaves;
    for (const Tensor& x : inputs) leaves.push_back(track(x));
    const Tensor y = scalar_f(leaves);
    const Tape tape({y}, leaves);
    std::vector<Tensor> g;
    {
      const NoGrad guard;
      g = tape.pull({scalar(1, DType::float64)});
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      const std::vector<double> x = inputs[i].values(), analytic = g[i].values();
      for (size_t e = 0; e < x.size(); ++e) {
        const double h = step * std::max(1.0, std::abs(x[e]));
        const auto at = [&](double value) {
          std::vector<Tensor> moved = inputs;
          moved[i] = with_element(inputs[i], static_cast<int64_t>(e), value);
          return scalar_f(moved).item();
        };
        // Fourth order: the error is h⁴, so that rounding and truncation stay well below the tolerance.
        const double numeric = (8 * (at(x[e] + h) - at(x[e] - h)) - (at(x[e] + 2 * h) - at(x[e] - 2 * h))) / (12 * h);
        compare(analytic[e], numeric,
                "order " + std::to_string(order) + ", input " + std::to_string(i) + ", element " + std::to_string(e));
      }
    }
    if (options.forward && tape.has_jets()) {
      std::vector<Tensor> v;
      double expected = 0;
      for (size_t i = 0; i < inputs.size(); ++i) {
        v.push_back(rng.split("tangent").split(i).normal(inputs[i].shape(), DType::float64));
        expected += total(mul(g[i], v[i])).item();
      }
      const NoGrad guard;
      compare(tape.push(v)[0].item(), expected, "order " + std::to_string(order) + ", forward against reverse");
    }
  }
  return result;
}

}  // namespace dimwise
