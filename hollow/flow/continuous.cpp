#include "hollow/flow/continuous.hpp"

namespace dimwise {

namespace {

// `flows` blocks, each made by make(stream).
template <class Net, class Make>
ContinuousPosterior<Net> stack(const char* flow, const AmortizedConfig& config, const Rng& rng, Make&& make) {
  detail::check_amortized(flow, config);
  if (!(config.end_time > 0)) fail<ValueError>(flow, "end time ", config.end_time, ". It must be positive.");
  if (!smooth(config.activation))
    fail<ValueError>(flow, "activation ", name(config.activation),
                     " has a kink, so the derivative the flow is trained on jumps. Use tanh, softplus or silu.");
  ContinuousPosterior<Net> result{{{}, config.end_time}, config.d, config.context};
  for (int64_t k = 0; k < config.flows; ++k)
    result.cnf.blocks.push_back(make(rng.split("block").split(static_cast<uint64_t>(k))));
  return result;
}

}  // namespace

ContinuousPosterior<FfjordNet> make_ffjord_posterior(const AmortizedConfig& config, const Rng& rng) {
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

ContinuousPosterior<AnyHollowNet> make_hollow_posterior(const AmortizedConfig& config, const Rng& rng) {
  return stack<AnyHollowNet>("hollow", config, rng, [&](const Rng& stream) {
    return AnyHollowNet{make_conditioner(config.conditioner,
                                         {.d = config.d,
                                          .d_h = config.d_h,
                                          .hidden = config.hidden,
                                          .activation = config.activation,
                                          .time = true,
                                          .context = config.context,
                                          .dtype = config.dtype},
                                         stream.split("conditioner")),
                        make_transformer(config.transformer,
                                         {.d = config.d,
                                          .d_h = config.d_h,
                                          .hidden = config.transformer_hidden,
                                          .activation = config.activation,
                                          .time = true,
                                          .context = config.context,
                                          .dtype = config.dtype},
                                         stream.split("transformer"))};
  });
}

}  // namespace dimwise
