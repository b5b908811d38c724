#include "hollow/flow/amortized_flow.hpp"

#include "ops/arithmetic.hpp"

namespace dimwise {

FlowResult NoFlow::to_data(const Tensor& z, const Tensor&) const {
  return {z, zeros(z.shape().without(z.shape().normalize(-1)), z.dtype())};
}

namespace {

// `flows` blocks, each constructed by make(stream).
template <class Net, class Make>
Cnf<Net> stack(const char* flow, const AmortizedConfig& config, const Rng& rng, Make&& make) {
  detail::check_amortized(flow, config);
  if (!(config.end_time > 0)) fail<ValueError>(flow, "end time ", config.end_time, ". It must be positive.");
  if (!smooth(config.activation))
    fail<ValueError>(
        flow, "activation ", name(config.activation),
        " has a kink, so its derivative, which training differentiates, is discontinuous. Use tanh, softplus or silu.");
  Cnf<Net> result{{}, config.end_time};
  for (int64_t k = 0; k < config.flows; ++k)
    result.blocks.push_back(make(rng.split("block").split(static_cast<uint64_t>(k))));
  return result;
}

}  // namespace

Cnf<FfjordNet> make_ffjord_cnf(const AmortizedConfig& config, const Rng& rng) {
  return stack<FfjordNet>("ffjord", config, rng, [&](const Rng& stream) {
    return FfjordNet({.d = config.d,
                      .hidden = config.hidden,
                      .activation = config.activation,
                      .context = config.context,
                      .rank = config.rank,
                      .dtype = config.dtype},
                     stream);
  });
}

Cnf<AnyHollowNet> make_hollow_cnf(const AmortizedConfig& config, const Rng& rng) {
  return stack<AnyHollowNet>("hollow", config, rng, [&](const Rng& stream) {
    return make_hollow_net({.conditioner = config.conditioner,
                            .transformer = config.transformer,
                            .d = config.d,
                            .d_h = config.d_h,
                            .hidden = config.hidden,
                            .transformer_hidden = config.transformer_hidden,
                            .activation = config.activation,
                            .time = true,
                            .context = config.context,
                            .dtype = config.dtype},
                           stream);
  });
}

const std::vector<std::string>& amortized_flow_names() {
  static const std::vector<std::string> names{
      "none",   "planar", "iaf", "sylvester-orthogonal", "sylvester-householder", "sylvester-triangular",
      "ffjord", "hollow"};
  return names;
}

AmortizedFlow make_amortized_flow(const std::string& name, const AmortizedConfig& config, const Rng& rng) {
  if (name == "none") return {NoFlow()};
  if (name == "planar") return {Planar(config, rng)};
  if (name == "iaf") return {Iaf(config, rng)};
  if (name == "sylvester-orthogonal") return {Sylvester(SylvesterBasis::orthogonal, config, rng)};
  if (name == "sylvester-householder") return {Sylvester(SylvesterBasis::householder, config, rng)};
  if (name == "sylvester-triangular") return {Sylvester(SylvesterBasis::triangular, config, rng)};
  if (name == "ffjord") return {make_ffjord_cnf(config, rng)};
  if (name == "hollow") return {make_hollow_cnf(config, rng)};
  fail<ValueError>("amortized_flow", "there is no flow '", name,
                   "'. Use none, planar, iaf, sylvester-orthogonal, sylvester-householder, sylvester-triangular, "
                   "ffjord or hollow.");
}

FlowSample AmortizedFlow::sample(const Rng& rng, const DiagonalNormal& base, const Tensor& context, const Shape& shape,
                                 const FlowOptions& options) const {
  const Tensor z0 = base.sample(rng, shape, options.first_row);
  const FlowResult end = to_data(z0, context, options);
  return {z0, end.x, base.log_prob(z0) - end.log_det, end.statistics};
}

}  // namespace dimwise
