#pragma once

#include <string>
#include <variant>
#include <vector>

#include "hollow/net/hollow_net.hpp"
#include "hollow/net/leave_one_out.hpp"
#include "hollow/net/masked_conditioner.hpp"
#include "hollow/net/per_dimension_transformer.hpp"
#include "hollow/net/shared_transformer.hpp"

namespace dimwise {

/// Any of the conditioners, chosen at run time.
struct AnyConditioner {
  std::variant<MaskedConditioner, LeaveOneOut> kind;

  Tensor operator()(const Tensor& x, const Tensor& t = {}, const Tensor& context = {}) const {
    return std::visit([&](const auto& c) { return c(x, t, context); }, kind);
  }
  AnyConditioner prepare(const Tensor& context = {}) const {
    return std::visit([&](const auto& c) { return AnyConditioner{c.prepare(context)}; }, kind);
  }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    std::visit([&](auto& c) { std::decay_t<decltype(c)>::visit(c, v); }, self.kind);
  }
};

/// Any of the transformers, chosen at run time.
struct AnyTransformer {
  std::variant<SharedTransformer, PerDimensionTransformer> kind;

  Tensor operator()(const Tensor& x, const Tensor& h, const Tensor& t = {}, const Tensor& context = {}) const {
    return std::visit([&](const auto& f) { return f(x, h, t, context); }, kind);
  }
  AnyTransformer prepare(const Tensor& context = {}) const {
    return std::visit([&](const auto& f) { return AnyTransformer{f.prepare(context)}; }, kind);
  }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    std::visit([&](auto& f) { std::decay_t<decltype(f)>::visit(f, v); }, self.kind);
  }
};

/// A HollowNet whose parts are chosen at run time.
using AnyHollowNet = HollowNet<AnyConditioner, AnyTransformer>;

/// The conditioner of a name (`masked`, `leave-one-out`), the transformer of a name (`shared`, `per-dimension`). Throw
/// ValueError listing the names.
AnyConditioner make_conditioner(const std::string& name, const ConditionerConfig& config, const Rng& rng);
AnyTransformer make_transformer(const std::string& name, const TransformerConfig& config, const Rng& rng);
const std::vector<std::string>& conditioner_names();
const std::vector<std::string>& transformer_names();

}  // namespace dimwise
