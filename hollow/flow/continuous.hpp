#pragma once

#include "hollow/flow/amortized.hpp"
#include "hollow/flow/cnf.hpp"
#include "hollow/flow/ffjord.hpp"
#include "hollow/net/any_hollow_net.hpp"

namespace dimwise {

/// A continuous flow whose drift reads a context: z(T) and ∫ tr ∂f/∂z dt from z(0), by `to_data`.
///
/// Example:
/// ```cpp
/// auto flow = make_hollow_posterior({.d = 64, .hidden = {128}, .activation = Activation::softplus}, rng);
/// FlowResult r = flow(z0, context, {.ode = {.rtol = 1e-3, .atol = 1e-3}});
/// ```
template <class Net>
struct ContinuousPosterior {
  Cnf<Net> cnf;
  int64_t d = 0, context = 0;

  /// z of shape (…, d) and context of shape (…, c), which broadcasts to z's rows. Throws ShapeError, ValueError without
  /// a context, SolverError where a solve fails.
  FlowResult operator()(const Tensor& z, const Tensor& context_value, const FlowOptions& options = {}) const {
    detail::check_point("continuous_posterior", z, d, context_value, context);
    const FlowSolution end = to_data(cnf, z, options, context_value);
    return {end.x, end.log_det, end.statistics.evaluations};
  }

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("cnf", self.cnf);
  }
};

/// FFJORD: `flows` blocks with the drift FfjordNet of hidden layers `hidden`, amortised with rank `rank`. Throws
/// ValueError for sizes and an end time that make no sense, and for an activation that is not smooth.
ContinuousPosterior<FfjordNet> make_ffjord_posterior(const AmortizedConfig& config, const Rng& rng);
/// Hollow-CNF: `flows` blocks whose drift is a HollowNet of `conditioner` and `transformer`, both of which read t and
/// the context. Throws ValueError as the former, and for unknown names.
ContinuousPosterior<AnyHollowNet> make_hollow_posterior(const AmortizedConfig& config, const Rng& rng);

}  // namespace dimwise
