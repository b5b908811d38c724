#pragma once

#include <string>
#include <variant>
#include <vector>

#include "hollow/flow/continuous.hpp"
#include "hollow/flow/iaf.hpp"
#include "hollow/flow/planar.hpp"
#include "hollow/flow/sylvester.hpp"
#include "nn/distributions/normal.hpp"

namespace dimwise {

/// No flow: z stays where it is, and the context is not read.
struct NoFlow {
  FlowResult operator()(const Tensor& z, const Tensor& context = {}) const;

  template <class Self, class Visitor>
  static void visit(Self&, Visitor&&) {}
};

/// Any of the flows that carry the posterior of a variational autoencoder, chosen at run time.
struct PosteriorFlow {
  std::variant<NoFlow, Planar, Iaf, Sylvester, ContinuousPosterior<FfjordNet>, ContinuousPosterior<AnyHollowNet>> kind;

  /// z of shape (…, d) and context of shape (…, c), which broadcast. Flows of finitely many steps read no options.
  FlowResult operator()(const Tensor& z, const Tensor& context, const FlowOptions& options = {}) const {
    return std::visit(
        [&](const auto& flow) {
          if constexpr (requires { flow(z, context, options); })
            return flow(z, context, options);
          else
            return flow(z, context);
        },
        kind);
  }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    std::visit([&](auto& flow) { std::decay_t<decltype(flow)>::visit(flow, v); }, self.kind);
  }
};

/// The flow of a name: `none`, `planar`, `iaf`, `sylvester-orthogonal`, `sylvester-householder`,
/// `sylvester-triangular`, `ffjord`, `hollow`. Throws ValueError listing the names, and for sizes that make no sense.
PosteriorFlow make_posterior_flow(const std::string& name, const AmortizedConfig& config, const Rng& rng);
const std::vector<std::string>& posterior_flow_names();

/// A draw from a posterior.
struct PosteriorSample {
  Tensor z0;                ///< (…, d), from the base
  Tensor z;                 ///< (…, d), where the flow carried it
  Tensor log_q;             ///< (…): log q(z) = log N(z0; mean, scale²) − Σ log|det|, in nats
  int64_t evaluations = 0;  ///< of a continuous flow's drift
};

/// A draw from the base, carried by the flow; with a shape, that many: (shape…, …, d). Gradients reach the base, the
/// context and the flow. A part of a batch, or of many draws, draws the noise of its own rows if told their place along
/// the first axis by `options.first_row`. Throws as the flow does.
///
/// Example:
/// ```cpp
/// auto flow = make_posterior_flow("planar", {.d = 64, .context = 256}, Rng(0));
/// PosteriorSample s = sample(flow, Normal{mean, log_scale}, context, rng.split(step));
/// ```
PosteriorSample sample(const PosteriorFlow& flow, const Normal& base, const Tensor& context, const Rng& rng,
                       const Shape& shape = {}, const FlowOptions& options = {});

}  // namespace dimwise
