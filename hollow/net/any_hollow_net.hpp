#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "hollow/net/hollow_net.hpp"
#include "hollow/net/leave_one_out.hpp"
#include "hollow/net/masked_conditioner.hpp"
#include "hollow/net/per_dimension_transformer.hpp"
#include "hollow/net/shared_transformer.hpp"

namespace dimwise {

namespace detail {
// What `prepare` of a conditioner or transformer of several types returns.
template <class Kind>
struct AnyPrepared;
template <class... Part>
struct AnyPrepared<std::variant<Part...>> {
  std::variant<decltype(std::declval<const Part&>().prepare(Tensor()))...> kind;

  Tensor operator()(const Tensor& x, const Tensor& t) const {
    return std::visit([&](const auto& part) { return part(x, t); }, kind);
  }
  Tensor operator()(const Tensor& x, const Tensor& h, const Tensor& t) const {
    return std::visit([&](const auto& part) { return part(x, h, t); }, kind);
  }
};
}  // namespace detail

/// Any of the conditioners, chosen at run time.
struct AnyConditioner {
  std::variant<MaskedConditioner, LeaveOneOut> kind;

  Tensor operator()(const Tensor& x, const Tensor& t = {}, const Tensor& context = {}) const {
    return std::visit([&](const auto& c) { return c(x, t, context); }, kind);
  }
  auto prepare(const Tensor& context = {}) const {
    return std::visit([&](const auto& c) { return detail::AnyPrepared<decltype(kind)>{c.prepare(context)}; }, kind);
  }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("", self.kind);
  }
};

/// Any of the transformers, chosen at run time.
struct AnyTransformer {
  std::variant<SharedTransformer, PerDimensionTransformer> kind;

  Tensor operator()(const Tensor& x, const Tensor& h, const Tensor& t = {}, const Tensor& context = {}) const {
    return std::visit([&](const auto& f) { return f(x, h, t, context); }, kind);
  }
  auto prepare(const Tensor& context = {}) const {
    return std::visit([&](const auto& f) { return detail::AnyPrepared<decltype(kind)>{f.prepare(context)}; }, kind);
  }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("", self.kind);
  }
};

/// A HollowNet whose parts are chosen at run time.
using AnyHollowNet = HollowNet<AnyConditioner, AnyTransformer>;

/// The parts of a HollowNet by name, and their sizes.
struct HollowConfig {
  std::string conditioner = "masked", transformer = "shared";
  int64_t d = 2;                     ///< dimension of x
  int64_t d_h = 16;                  ///< size of h_i, the transformer's input for each dimension
  std::vector<int64_t> hidden = {};  ///< widths of the conditioner's hidden layers, as in ConditionerConfig
  std::vector<int64_t> transformer_hidden = {64};  ///< widths of the transformer's hidden layers
  Activation activation = Activation::tanh;        ///< of both
  bool time = false;                               ///< whether t is an input of both
  int64_t context = 0;                             ///< size of the context, 0 for none
  DType dtype = DType::float32;
};

/// A newly initialized net. Throws ValueError that lists the names for an unknown one, and for sizes that make no
/// sense.
///
/// Example: `AnyHollowNet net = make_hollow_net({.transformer = "per-dimension", .d = 8}, rng);`
AnyHollowNet make_hollow_net(const HollowConfig& config, const Rng& rng);
/// The parts of the net. They throw the same errors.
AnyConditioner make_conditioner(const std::string& name, const ConditionerConfig& config, const Rng& rng);
AnyTransformer make_transformer(const std::string& name, const TransformerConfig& config, const Rng& rng);
/// `masked`, `leave-one-out`.
const std::vector<std::string>& conditioner_names();
/// `shared`, `per-dimension`.
const std::vector<std::string>& transformer_names();

}  // namespace dimwise
