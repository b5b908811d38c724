#include "hollow/flow/posterior.hpp"

#include "ops/arithmetic.hpp"

namespace dimwise {

FlowResult NoFlow::operator()(const Tensor& z, const Tensor&) const {
  return {z, zeros(z.shape().without(z.shape().normalize(-1)), z.dtype())};
}

const std::vector<std::string>& posterior_flow_names() {
  static const std::vector<std::string> names{
      "none",   "planar", "iaf", "sylvester-orthogonal", "sylvester-householder", "sylvester-triangular",
      "ffjord", "hollow"};
  return names;
}

PosteriorFlow make_posterior_flow(const std::string& name, const AmortizedConfig& config, const Rng& rng) {
  if (name == "none") return {NoFlow()};
  if (name == "planar") return {Planar(config, rng)};
  if (name == "iaf") return {Iaf(config, rng)};
  if (name == "sylvester-orthogonal") return {Sylvester(SylvesterBasis::orthogonal, config, rng)};
  if (name == "sylvester-householder") return {Sylvester(SylvesterBasis::householder, config, rng)};
  if (name == "sylvester-triangular") return {Sylvester(SylvesterBasis::triangular, config, rng)};
  if (name == "ffjord") return {make_ffjord_posterior(config, rng)};
  if (name == "hollow") return {make_hollow_posterior(config, rng)};
  fail<ValueError>("posterior_flow", "there is no flow '", name,
                   "'. Use none, planar, iaf, sylvester-orthogonal, sylvester-householder, sylvester-triangular, "
                   "ffjord or hollow.");
}

PosteriorSample sample(const PosteriorFlow& flow, const Normal& base, const Tensor& context, const Rng& rng,
                       const Shape& shape, const FlowOptions& options) {
  const Tensor z0 = base.sample(rng, shape, options.first_row);
  const FlowResult end = flow(z0, context, options);
  return {z0, end.z, base.log_prob(z0) - end.log_det, end.evaluations};
}

}  // namespace dimwise
