#include "hollow/net/any_hollow_net.hpp"

namespace dimwise {

namespace {

// A name, and what makes the part of that name.
template <class Any, class Config>
struct Named {
  const char* name;
  Any (*make)(const Config&, const Rng&);
};
template <class Part, class Any, class Config>
Any made(const Config& config, const Rng& rng) {
  return {Part(config, rng)};
}

constexpr Named<AnyConditioner, ConditionerConfig> conditioners[] = {{"masked", made<MaskedConditioner>},
                                                                     {"leave-one-out", made<LeaveOneOut>}};
constexpr Named<AnyTransformer, TransformerConfig> transformers[] = {{"shared", made<SharedTransformer>},
                                                                     {"per-dimension", made<PerDimensionTransformer>}};

template <class List>
std::vector<std::string> names_of(const List& list) {
  std::vector<std::string> names;
  for (const auto& each : list) names.emplace_back(each.name);
  return names;
}

template <class List, class Config>
auto make_named(const char* what, const List& list, const std::string& name, const Config& config, const Rng& rng) {
  std::string known;
  for (const auto& each : list) {
    if (each.name == name) return each.make(config, rng);
    known += std::string(known.empty() ? "" : ", ") + each.name;
  }
  fail<ValueError>(what, "there is no ", what, " '", name, "'. Use one of ", known, ".");
}

}  // namespace

const std::vector<std::string>& conditioner_names() {
  static const std::vector<std::string> names = names_of(conditioners);
  return names;
}
const std::vector<std::string>& transformer_names() {
  static const std::vector<std::string> names = names_of(transformers);
  return names;
}

AnyConditioner make_conditioner(const std::string& name, const ConditionerConfig& config, const Rng& rng) {
  return make_named("conditioner", conditioners, name, config, rng);
}

AnyTransformer make_transformer(const std::string& name, const TransformerConfig& config, const Rng& rng) {
  return make_named("transformer", transformers, name, config, rng);
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
