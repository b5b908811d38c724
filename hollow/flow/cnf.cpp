#include "hollow/flow/cnf.hpp"

#include <cmath>
#include <numbers>

#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

FlowResult detail::flow(const DynamicsFunction& dynamics, const Tensor& x, double from, double to,
                        const FlowOptions& options) {
  if (options.penalties && options.trace == Trace::hutchinson)
    fail<ValueError>(
        "cnf", "Hutchinson's estimate gives no Jacobian diagonal to penalize. Use the exact trace, or no penalties.");
  if (!options.ode.controlled.empty() || !options.ode.quadratures.empty())
    fail<ValueError>("cnf", "ode.controlled or ode.quadratures is set. Leave them empty: the flow knows its state.");
  const auto both = [dynamics, penalties = options.penalties](const Tensor& t, const State& y) -> ValueAndDiagonal {
    const Dynamics d = dynamics(t, y[0]);
    ValueAndDiagonal result{{d.f, d.trace}, {d.diagonal}};
    if (penalties) result.f.insert(result.f.end(), {sum(square(d.f), {-1}), sum(square(d.diagonal), {-1})});
    return result;
  };
  OdeTerm term([both](const Tensor& t, const State& y) { return both(t, y).f; });
  // The exact trace already needs the diagonal; Hutchinson's estimator does not compute it.
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
  const OdeSolution solution = value_or_throw(odeint(term, start, {from, to}, ode));
  const State& end = solution.y.back();
  FlowResult result{end[0], end[1], solution.statistics};
  if (options.penalties) {
    const double direction = to > from ? 1 : -1;
    result.kinetic_energy = direction * end[2];
    result.jacobian_penalty = direction * end[3];
  }
  return result;
}

void detail::add(FlowResult& total, const FlowResult& part) {
  const auto sum = [](Tensor& a, const Tensor& b) {
    if (b.defined()) a = a.defined() ? a + b : b;
  };
  total.x = part.x;
  sum(total.log_det, part.log_det);
  sum(total.kinetic_energy, part.kinetic_energy);
  sum(total.jacobian_penalty, part.jacobian_penalty);
  total.statistics += part.statistics;
}

Tensor detail::draw_noise(const FlowOptions& options, const Tensor& x, size_t block) {
  if (options.trace != Trace::hutchinson) return {};
  return options.noise.split(block).rademacher(x.shape(), x.dtype(), options.first_row * x.shape().inner(0));
}

Tensor base_log_prob(const Tensor& z) {
  return -0.5 * sum(square(z), {-1}) - 0.5 * std::log(2 * std::numbers::pi) * static_cast<double>(z.dim(-1));
}

}  // namespace dimwise
