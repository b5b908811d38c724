#pragma once

#include <string>
#include <variant>
#include <vector>

#include "hollow/flow/amortized.hpp"
#include "hollow/flow/cnf.hpp"
#include "hollow/flow/ffjord.hpp"
#include "hollow/flow/iaf.hpp"
#include "hollow/flow/planar.hpp"
#include "hollow/flow/sylvester.hpp"
#include "hollow/net/any_hollow_net.hpp"
#include "nn/distributions/normal.hpp"

namespace dimwise {

/// No flow: the identity, which ignores the context.
struct NoFlow {
  FlowResult to_data(const Tensor& z, const Tensor& context = {}) const;

  template <class Self, class Visitor>
  static void visit(Self&, Visitor&&) {}
};

/// A sample of a flow's density.
struct FlowSample {
  Tensor z0;                      ///< (…, d), from the base
  Tensor z;                       ///< (…, d), the flow's output for z0
  Tensor log_prob;                ///< (…): log q(z) = log N(z0; mean, scale²) − log|det|, in nats
  OdeStatistics statistics = {};  ///< of a continuous flow
};

/// Any amortized flow, chosen at run time: a flow whose parameters are computed from a context, such as the posterior
/// of a variational autoencoder.
struct AmortizedFlow {
  std::variant<NoFlow, Planar, Iaf, Sylvester, Cnf<FfjordNet>, Cnf<AnyHollowNet>> kind;

  /// Maps z of shape (…, d) from the base; the context, of shape (…, c), broadcasts. Flows of finitely many steps
  /// ignore the options. Throws ShapeError, ValueError without a context, SolverError if a solve fails.
  FlowResult to_data(const Tensor& z, const Tensor& context, const FlowOptions& options = {}) const {
    return std::visit(
        [&](const auto& flow) {
          if constexpr (requires { flow.to_data(z, context, options); })
            return flow.to_data(z, context, options);
          else
            return flow.to_data(z, context);
        },
        kind);
  }
  /// A sample of the base, mapped by the flow; with a shape, that many: (shape…, …, d). Gradients reach the base, the
  /// context and the flow. For a part of a batch, or of many samples, `options.first_row` is the index of its first row
  /// along the first axis; it then draws the same noise as the whole. Throws as `to_data`.
  ///
  /// Example:
  /// ```cpp
  /// auto flow = make_amortized_flow("planar", {.d = 64, .context = 256}, Rng(0));
  /// FlowSample s = flow.sample(rng.split(step), DiagonalNormal{mean, log_scale}, context);
  /// ```
  FlowSample sample(const Rng& rng, const DiagonalNormal& base, const Tensor& context, const Shape& shape = {},
                    const FlowOptions& options = {}) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("", self.kind);
  }
};

/// FFJORD: `flows` blocks with the dynamics FfjordNet of hidden layers `hidden`, amortized with rank `rank`. Throws
/// ValueError for invalid sizes or end time, and for an activation that is not smooth.
Cnf<FfjordNet> make_ffjord_cnf(const AmortizedConfig& config, const Rng& rng);
/// Hollow-CNF: `flows` blocks whose dynamics are a HollowNet of `conditioner` and `transformer`, both of which read t
/// and the context. Throws ValueError as `make_ffjord_cnf` does, and for unknown names.
///
/// Example:
/// ```cpp
/// auto flow = make_hollow_cnf({.d = 64, .hidden = {128}, .activation = Activation::softplus}, rng);
/// FlowResult r = flow.to_data(z0, context, {.ode = {.rtol = 1e-3, .atol = 1e-3}});
/// ```
Cnf<AnyHollowNet> make_hollow_cnf(const AmortizedConfig& config, const Rng& rng);
/// The flow of a name: `none`, `planar`, `iaf`, `sylvester-orthogonal`, `sylvester-householder`,
/// `sylvester-triangular`, `ffjord`, `hollow`. Throws ValueError that lists the names, and for invalid sizes.
AmortizedFlow make_amortized_flow(const std::string& name, const AmortizedConfig& config, const Rng& rng);
const std::vector<std::string>& amortized_flow_names();

}  // namespace dimwise
