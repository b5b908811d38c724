#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hollow/flow/trace.hpp"
#include "hollow/net/any_hollow_net.hpp"
#include "hollow/sde/density.hpp"

namespace dimwise {

/// How a time-dependent flow is solved, and the unit of its net's time.
struct FlowDensityOptions {
  double lead = 1;        ///< in the net's units: the time from the standard normal distribution to t = 0
  double time_scale = 1;  ///< the net's input is t / time_scale
  std::string method = "rk4";
  /// Equal steps from −lead to t, for times up to time_scale. Later times take as many more as they are longer, by the
  /// latest of a batch.
  int64_t steps = 8;
};

namespace detail {
/// u and its trace at times θ of shape (n, 1), in the net's units.
using TimedDynamics = std::function<Dynamics(const Tensor& theta, const Tensor& x)>;
using TimedField = std::function<Tensor(const Tensor& theta, const Tensor& x)>;
Tensor flow_log_prob(const TimedDynamics& u, const Tensor& t, const Tensor& x, const FlowDensityOptions& options);
DensityDerivatives flow_derivatives(const TimedDynamics& u, const Tensor& t, const Tensor& x,
                                    const FlowDensityOptions& options);
Tensor flow_sample(const TimedField& u, const Tensor& t, int64_t d, const Rng& rng, const FlowDensityOptions& options);
void check_flow(const FlowDensityOptions& options);
}  // namespace detail

/// p(t, x) as the density of a flow in physical time: dx/dθ = u(θ, x) with θ = t / time_scale. The density is a
/// standard normal distribution at θ = −lead, the initial law at t = 0, and p(t, ·) at every later t.
///
/// One solve from −lead to t gives log p = log N(x(−lead); 0, I) − ∫ ∇·u dθ, with the exact divergence; every row has
/// its own t, and all of a batch take the same number of equal steps. Net has `prepare(context)` like HollowNet, and t
/// as an input.
///
/// Example:
/// ```cpp
/// FlowDensity p = make_flow_density({.d = 2}, rng.split("density"));
/// auto [loss, g] = value_and_grad([&](const auto& m) { return -mean(m.log_prob(t, x)); }, p);
/// ```
template <class Net>
struct FlowDensity {
  Net net;
  int64_t d = 0;
  FlowDensityOptions options = {};

  /// (n,) for t of shape (n, 1) and x of shape (n, d). Throws ShapeError, ValueError unless t is after −lead,
  /// SolverError.
  Tensor log_prob(const Tensor& t, const Tensor& x, const Tensor& context = {}) const {
    return detail::flow_log_prob(dynamics_of(context), t, x, options);
  }
  /// ∂_t log p = −(∇·u + u·s) / time_scale by the continuity equation; s takes a reverse pass through the solve, D s
  /// takes d more. Differentiable like `log_prob`.
  DensityDerivatives derivatives(const Tensor& t, const Tensor& x, const Tensor& context = {}) const {
    return detail::flow_derivatives(dynamics_of(context), t, x, options);
  }
  /// Untracked, one point for each row of t; no divergence is computed.
  Tensor sample(const Rng& rng, const Tensor& t, const Tensor& context = {}) const {
    const auto ready = net.prepare(context);
    return detail::flow_sample([&](const Tensor& theta, const Tensor& x) { return ready.at(theta)(x); }, t, d, rng,
                               options);
  }

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("net", self.net);
    v("d", self.d);
    v("lead", self.options.lead);
    v("time_scale", self.options.time_scale);
    v("method", self.options.method);
    v("steps", self.options.steps);
  }

 private:
  detail::TimedDynamics dynamics_of(const Tensor& context) const {
    return [ready = net.prepare(context)](const Tensor& theta, const Tensor& x) {
      return dynamics(ready.at(theta), x, Trace::exact);
    };
  }
};
template <class Net>
FlowDensity(Net, int64_t, FlowDensityOptions) -> FlowDensity<Net>;

/// A newly initialized flow, whose net reads t. Throws ValueError for invalid settings.
FlowDensity<AnyHollowNet> make_flow_density(HollowConfig net, const Rng& rng, const FlowDensityOptions& options = {});

}  // namespace dimwise
