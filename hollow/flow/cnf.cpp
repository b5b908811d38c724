#include "hollow/flow/cnf.hpp"

#include <cmath>
#include <numbers>

#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

FlowSolution detail::flow(const DriftFunction& drift, const Tensor& x, double from, double to,
                          const FlowOptions& options) {
  if (options.penalties && options.trace == Trace::hutchinson)
    fail<ValueError>(
        "cnf", "Hutchinson's estimate gives no Jacobian diagonal to penalise. Use the exact trace, or no penalties.");
  const auto both = [drift, penalties = options.penalties](const Tensor& t, const State& y) -> Diagonal {
    const Drift d = drift(t, y[0]);
    Diagonal result{{d.f, d.trace}, {d.diagonal}};
    if (penalties) result.f.insert(result.f.end(), {sum(square(d.f), {-1}), sum(square(d.diagonal), {-1})});
    return result;
  };
  OdeTerm term([both](const Tensor& t, const State& y) { return both(t, y).f; });
  // The trace has been the sum of the diagonal all along; Hutchinson's estimate knows none.
  if (options.trace != Trace::hutchinson) term.with_diagonal = both;
  const Tensor zero = zeros(x.shape().without(x.shape().normalize(-1)), x.dtype());
  State start{x, zero};
  OdeOptions ode = options.ode;
  ode.controlled = {true, true};
  ode.quadratures = {false, true};
  if (options.penalties) {
    start.insert(start.end(), {zero, zero});
    ode.controlled.insert(ode.controlled.end(), {false, false});
    ode.quadratures.insert(ode.quadratures.end(), {true, true});
  }
  const OdeSolution solution = check(odeint(term, start, {from, to}, ode));
  const State& end = solution.y.back();
  FlowSolution result{end[0], end[1], {}, {}, solution.statistics};
  if (options.penalties) {
    const double direction = to > from ? 1 : -1;
    result.kinetic = direction * end[2];
    result.diagonal = direction * end[3];
  }
  return result;
}

void detail::add(FlowSolution& total, const FlowSolution& part) {
  const auto sum = [](Tensor& a, const Tensor& b) {
    if (b.defined()) a = a.defined() ? a + b : b;
  };
  total.x = part.x;
  sum(total.log_det, part.log_det);
  sum(total.kinetic, part.kinetic);
  sum(total.diagonal, part.diagonal);
  total.statistics.evaluations += part.statistics.evaluations;
  total.statistics.accepted += part.statistics.accepted;
  total.statistics.rejected += part.statistics.rejected;
  total.statistics.last_dt = part.statistics.last_dt;
  total.statistics.next_dt = part.statistics.next_dt;
}

Tensor detail::draw_noise(const FlowOptions& options, const Tensor& x, size_t block) {
  if (options.trace != Trace::hutchinson) return {};
  return options.noise.split(block).rademacher(x.shape(), x.dtype(), options.first_row * x.shape().inner(0));
}

Tensor base_log_prob(const Tensor& z) {
  return -0.5 * sum(square(z), {-1}) - 0.5 * std::log(2 * std::numbers::pi) * static_cast<double>(z.dim(-1));
}

}  // namespace dimwise
