#include "apps/vae/model/model.hpp"

#include <fmt/format.h>

#include "apps/common/cli/common_flags.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"

namespace dimwise::app::vae {

namespace {

// Keeps the logarithm finite if the softplus underflows.
constexpr double smallest_variance = 1e-30;

}  // namespace

Vae make_model(const ModelSettings& s, const Rng& rng) {
  const DType dtype = parse_dtype(s.dtype);
  const int64_t context = context_size(s);
  const bool sylvester = s.flow == "orthogonal" || s.flow == "householder" || s.flow == "triangular";
  Vae vae;
  vae.encoder = make_encoder(s, rng.split("encoder"));
  vae.mean = Linear(context, s.latent, rng.split("mean"), dtype);
  vae.variance = Linear(context, s.latent, rng.split("variance"), dtype);
  vae.flow = make_amortized_flow(sylvester ? "sylvester-" + s.flow : s.flow,
                                 {.d = s.latent,
                                  .context = context,
                                  .flows = s.num_flows,
                                  .columns = s.columns,
                                  .reflections = s.reflections,
                                  .hidden = s.flow_hidden,
                                  .transformer_hidden = s.transformer_hidden,
                                  .activation = continuous(s.flow) ? parse_activation(s.activation) : Activation::elu,
                                  .d_h = s.d_h,
                                  .conditioner = s.conditioner,
                                  .transformer = s.transformer,
                                  .rank = s.rank,
                                  .end_time = s.end_time,
                                  .dtype = dtype},
                                 rng.split("flow"));
  vae.decoder = make_decoder(s, rng.split("decoder"));
  return vae;
}

std::string describe(const ModelSettings& s) {
  std::string text = fmt::format("{}, z of {} numbers, flow {}", s.arch, s.latent, s.flow);
  if (s.flow == "none") return text;
  text += fmt::format(" x {}", s.num_flows);
  const std::string hidden = fmt::format("{}", fmt::join(s.flow_hidden, ","));
  if (s.flow == "orthogonal") text += fmt::format(", {} columns", s.columns);
  if (s.flow == "householder") text += fmt::format(", {} reflections", s.reflections);
  if (s.flow == "iaf") text += fmt::format(", hidden {}", hidden);
  if (s.flow == "ffjord") text += fmt::format(", hidden {}, rank {}", hidden, s.rank);
  if (s.flow == "hollow")
    text += fmt::format(", {} conditioner {} to {}, {} transformer {}", s.conditioner, hidden, s.d_h, s.transformer,
                        fmt::join(s.transformer_hidden, ","));
  return continuous(s.flow) ? text + ", " + s.activation : text;
}

Encoded encode(const Vae& vae, const Tensor& x) {
  const Tensor context = vae.encoder(x);
  return {{vae.mean(context), 0.5 * log(softplus(vae.variance(context)) + smallest_variance)}, context};
}

}  // namespace dimwise::app::vae
