#include "apps/vae/model/model.hpp"

#include <fmt/format.h>

#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"

namespace dimwise::app::vae {

namespace {

// Keeps the logarithm finite if the softplus underflows.
constexpr double smallest_variance = 1e-30;

}  // namespace

Vae make_model(const ModelSettings& s, const Rng& rng) {
  const int64_t context = context_size(s);
  const bool sylvester = s.flow == "orthogonal" || s.flow == "householder" || s.flow == "triangular";
  Vae vae;
  vae.encoder = make_encoder(s, rng.split("encoder"));
  vae.mean = Linear(context, s.latent, rng.split("mean"), s.dtype);
  vae.variance = Linear(context, s.latent, rng.split("variance"), s.dtype);
  AmortizedConfig sizes = s.sizes;
  sizes.d = s.latent;
  sizes.context = context;
  sizes.dtype = s.dtype;
  if (!continuous(s.flow)) sizes.activation = Activation::elu;
  vae.flow = make_amortized_flow(sylvester ? "sylvester-" + s.flow : s.flow, sizes, rng.split("flow"));
  vae.decoder = make_decoder(s, rng.split("decoder"));
  return vae;
}

std::string describe(const ModelSettings& s) {
  std::string text = fmt::format("{}, z of {} numbers, flow {}", s.arch, s.latent, s.flow);
  if (s.flow == "none") return text;
  text += fmt::format(" x {}", s.sizes.flows);
  const std::string hidden = fmt::format("{}", fmt::join(s.sizes.hidden, ","));
  if (s.flow == "orthogonal") text += fmt::format(", {} columns", s.sizes.columns);
  if (s.flow == "householder") text += fmt::format(", {} reflections", s.sizes.reflections);
  if (s.flow == "iaf") text += fmt::format(", hidden {}", hidden);
  if (s.flow == "ffjord") text += fmt::format(", hidden {}, rank {}", hidden, s.sizes.rank);
  if (s.flow == "hollow")
    text += fmt::format(", {} conditioner {} to {}, {} transformer {}", s.sizes.conditioner, hidden, s.sizes.d_h,
                        s.sizes.transformer, fmt::join(s.sizes.transformer_hidden, ","));
  return continuous(s.flow) ? text + ", " + name(s.sizes.activation) : text;
}

Encoded encode(const Vae& vae, const Tensor& x) {
  const Tensor context = vae.encoder(x);
  return {{vae.mean(context), 0.5 * log(softplus(vae.variance(context)) + smallest_variance)}, context};
}

}  // namespace dimwise::app::vae
