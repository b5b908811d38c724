#include "apps/ode/experiment/stiffness.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/context.hpp"
#include "autodiff/tape.hpp"
#include "hollow/solve/linear/jacobian.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/linalg.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::ode {

namespace {

constexpr int places = 8;

// ∂f/∂x of every row, (rows, d, d), in float64.
Tensor jacobians(const Iteration& iteration, const Tensor& t, const State& y) {
  const EnableGrad guard;
  State inputs = y;
  inputs[0] = track(stop_gradient(y[0]));
  return astype(row_jacobian(Tape({iteration.term(t, inputs)[0]}, {inputs[0]})), DType::float64);
}

Tensor spectral_radius(const Eigvals& lambda) { return sqrt(max(square(lambda.real) + square(lambda.imag), {-1})); }

}  // namespace

Stiffness stiffness(const Iteration& iteration, OdeOptions options, int64_t rows) {
  const NoGrad guard;
  State start;
  for (const Tensor& part : iteration.start) start.push_back(slice(part, 0, 0, std::min(rows, part.dim(0))));
  const double from = iteration.times.front(), to = iteration.times.back(), direction = to > from ? 1 : -1;
  std::vector<double> times;
  for (int k = 0; k <= places; ++k) times.push_back(from + (to - from) * k / places);
  options.quadratures = iteration.quadratures;
  options.gradient = OdeGradient::direct;
  const OdeSolution solution = value_or_throw(odeint(iteration.term, start, times, options));
  Stiffness worst;
  for (size_t k = 0; k < times.size(); ++k) {
    const State& y = solution.y[k];
    const Tensor j = jacobians(iteration, scalar(times[k], DType::float64), y);
    const Eigvals lambda = eigvals(j);
    worst.decay = std::max(worst.decay, max(-direction * lambda.real).item());
    const std::vector<double> rates = spectral_radius(lambda).values();
    for (size_t r = 0; r < rates.size(); ++r) {
      if (rates[r] <= worst.rate) continue;
      worst.rate = rates[r];
      const double gamma = direction * 10 / rates[r];
      const Tensor of = select(j, 0, static_cast<int64_t>(r)), d = diagonal(of);
      const Tensor left = gamma / (1 - gamma * unsqueeze(d, -1)) * (of - diag_embed(d));
      worst.contraction = spectral_radius(eigvals(left)).item();
    }
  }
  return worst;
}

}  // namespace dimwise::app::ode
