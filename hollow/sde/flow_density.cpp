#include "hollow/sde/flow_density.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/flow/cnf.hpp"
#include "hollow/sde/sde.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

namespace {

// All rows are solved in one pseudo-time τ from 0, where θ = −lead, to 1, where θ = t / time_scale.
struct Clock {
  double start;
  Tensor span;  // (n, 1)

  Clock(const Tensor& t, const FlowDensityOptions& options)
      : start(-options.lead), span(t / options.time_scale + options.lead) {
    detail::check_flow(options);
    if (t.rank() != 2 || t.dim(1) != 1)
      fail<ShapeError>("flow_density", "t has shape ", t.shape(), ". Give one time per row, of shape (n, 1).");
    if (t.size() > 0 && !(min(span).item() > 0))
      fail<ValueError>("flow_density", "the smallest t is ", (min(span).item() - options.lead) * options.time_scale,
                       ", but the flow starts at ", -options.lead * options.time_scale,
                       ". Give later times, or a longer lead.");
  }
  Tensor theta(const Tensor& tau) const { return start + tau * span; }

  // Steps no longer in θ than those of t = time_scale.
  OdeOptions equal_steps(const FlowDensityOptions& options, std::vector<bool> quadratures) const {
    const double longest = span.size() > 0 ? max(stop_gradient(span)).item() : 0, usual = 1 + options.lead;
    const auto steps = static_cast<double>(options.steps) * std::max(1.0, longest / usual);
    return {.method = options.method,
            .steps = static_cast<int64_t>(std::ceil(steps * (1 - 1e-6))),  // t may be rounded up to float32
            .quadratures = std::move(quadratures)};
  }
};

}  // namespace

void detail::check_flow(const FlowDensityOptions& options) {
  if (!(options.lead > 0 && options.time_scale > 0 && options.steps > 0))
    fail<ValueError>("flow_density", "lead = ", options.lead, ", time_scale = ", options.time_scale,
                     ", steps = ", options.steps, ". All must be greater than 0.");
  is_adaptive(options.method);  // throws for an unknown one
}

Tensor detail::flow_log_prob(const TimedDynamics& u, const Tensor& t, const Tensor& x,
                             const FlowDensityOptions& options) {
  const Clock clock(t, options);
  if (x.rank() != 2 || x.dim(0) != t.dim(0))
    fail<ShapeError>("flow_density", "x has shape ", x.shape(), ". It must be (", t.dim(0),
                     ", d), one row for each row of t.");
  const Tensor rate = squeeze(clock.span, -1);
  const VectorField field = [&](const Tensor& tau, const State& y) {
    const Dynamics at = u(clock.theta(tau), y[0]);
    return State{clock.span * at.f, rate * at.trace};
  };
  const State end = value_or_throw(odeint(field, {x, zeros({x.dim(0)}, x.dtype())}, {1, 0},
                                          clock.equal_steps(options, {false, true})))
                        .y.back();
  return base_log_prob(end[0]) + end[1];
}

DensityDerivatives detail::flow_derivatives(const TimedDynamics& u, const Tensor& t, const Tensor& x,
                                            const FlowDensityOptions& options) {
  Tensor log_p;
  const std::vector<Tensor> s = brute_force_coefficient([&](const Tensor&, const Tensor& at) {
    auto [value, score] =
        vjp([&](const Tensor& in) { return flow_log_prob(u, t, in, options); }, at, ones({}, x.dtype()));
    log_p = value;
    return score;
  })(t, x, 1);
  if (!s[0].tracked()) log_p = stop_gradient(log_p);
  const Dynamics at = u(t / options.time_scale, x);
  return {log_p, -(at.trace + sum(at.f * s[0], {-1})) / options.time_scale, s[0], s[1]};
}

Tensor detail::flow_sample(const TimedField& u, const Tensor& t, int64_t d, const Rng& rng,
                           const FlowDensityOptions& options) {
  const NoGrad guard;
  const Clock clock(t, options);
  const VectorField field = [&](const Tensor& tau, const State& y) {
    return State{clock.span * u(clock.theta(tau), y[0])};
  };
  return value_or_throw(
             odeint(field, {rng.normal({t.dim(0), d}, t.dtype())}, {0, 1}, clock.equal_steps(options, {false})))
      .y.back()[0];
}

FlowDensity<AnyHollowNet> make_flow_density(HollowConfig net, const Rng& rng, const FlowDensityOptions& options) {
  detail::check_flow(options);
  net.time = true;
  return {make_hollow_net(net, rng), net.d, options};
}

}  // namespace dimwise
