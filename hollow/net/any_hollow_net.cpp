#include "hollow/net/any_hollow_net.hpp"

namespace dimwise {

const std::vector<std::string>& conditioner_names() {
  static const std::vector<std::string> names{"masked", "leave-one-out"};
  return names;
}
const std::vector<std::string>& transformer_names() {
  static const std::vector<std::string> names{"shared", "per-dimension"};
  return names;
}

AnyConditioner make_conditioner(const std::string& name, const ConditionerConfig& config, const Rng& rng) {
  if (name == "masked") return {MaskedConditioner(config, rng)};
  if (name == "leave-one-out") return {LeaveOneOut(config, rng)};
  fail<ValueError>("conditioner", "there is no conditioner '", name, "'. Use masked or leave-one-out.");
}

AnyTransformer make_transformer(const std::string& name, const TransformerConfig& config, const Rng& rng) {
  if (name == "shared") return {SharedTransformer(config, rng)};
  if (name == "per-dimension") return {PerDimensionTransformer(config, rng)};
  fail<ValueError>("transformer", "there is no transformer '", name, "'. Use shared or per-dimension.");
}

AnyHollowNet make_hollow_net(const HollowConfig& c, const Rng& rng) {
  return {make_conditioner(c.conditioner,
                           {.d = c.d,
                            .d_h = c.d_h,
                            .hidden = c.hidden,
                            .activation = c.activation,
                            .time = c.time,
                            .context = c.context,
                            .dtype = c.dtype},
                           rng.split("conditioner")),
          make_transformer(c.transformer,
                           {.d = c.d,
                            .d_h = c.d_h,
                            .hidden = c.transformer_hidden,
                            .activation = c.activation,
                            .time = c.time,
                            .context = c.context,
                            .dtype = c.dtype},
                           rng.split("transformer"))};
}

}  // namespace dimwise
