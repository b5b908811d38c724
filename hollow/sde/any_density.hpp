#pragma once

#include <variant>

#include "hollow/sde/flow_density.hpp"
#include "hollow/sde/mixture.hpp"

namespace dimwise {

/// Any of the time-dependent densities, chosen at run time.
struct AnyDensity {
  std::variant<TimeMixture, FlowDensity<AnyHollowNet>> kind;

  Tensor log_prob(const Tensor& t, const Tensor& x, const Tensor& context = {}) const {
    return std::visit([&](const auto& p) { return p.log_prob(t, x, context); }, kind);
  }
  DensityDerivatives derivatives(const Tensor& t, const Tensor& x, const Tensor& context = {}) const {
    return std::visit([&](const auto& p) { return p.derivatives(t, x, context); }, kind);
  }
  Tensor sample(const Rng& rng, const Tensor& t, const Tensor& context = {}) const {
    return std::visit([&](const auto& p) { return p.sample(rng, t, context); }, kind);
  }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("", self.kind);
  }
};

}  // namespace dimwise
