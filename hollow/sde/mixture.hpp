#pragma once

#include <vector>

#include "hollow/sde/density.hpp"
#include "nn/mlp.hpp"

namespace dimwise {

/// Sizes of a time-dependent mixture.
struct TimeMixtureConfig {
  int64_t d = 2;
  int64_t components = 5;
  std::vector<int64_t> hidden = {64, 64};  ///< of the network with input t
  Activation activation = Activation::silu;
  int64_t context = 0;      ///< size of the context, 0 for none
  bool anchored = false;    ///< whether the context is a path's initial point; means are then displacements from it
  double min_scale = 1e-2;  ///< the smallest standard deviation: a component cannot collapse onto one point
  DType dtype = DType::float32;
};

/// p(t, x) = Σ_c π_c(t) Π_i N(x_i; ν_ci(t), σ_ci(t)²): a mixture of normal distributions whose weights, means and
/// scales are computed by one network from t, and from a context if there are several initial laws.
///
/// Log-density and derivatives are in closed form; the time derivatives of weights, means and scales are one
/// forward-mode sweep through the network. With a_ci = −(x_i − ν_ci)/σ²_ci and responsibilities r_c,
///   s_i = Σ_c r_c a_ci,  D s_i = Σ_c r_c ((a_ci − s_i)² − 1/σ²_ci).
///
/// Example:
/// ```cpp
/// TimeMixture p({.d = 2}, rng.split("density"));
/// auto [loss, g] = value_and_grad([&](const auto& m) { return -mean(m.log_prob(t, x)); }, p);
/// ```
struct TimeMixture {
  Mlp net;
  int64_t d = 0, components = 0;
  double min_scale = 0;
  bool anchored = false;

  TimeMixture() = default;
  TimeMixture(const TimeMixtureConfig& config, const Rng& rng);

  /// Sets the means to k points spread over the rows of x, (n, d), for every t: the initial values of a fit. If
  /// anchored, x contains displacements.
  void spread(const Tensor& x, const Rng& rng);

  Tensor log_prob(const Tensor& t, const Tensor& x, const Tensor& context = {}) const;
  DensityDerivatives derivatives(const Tensor& t, const Tensor& x, const Tensor& context = {}) const;
  /// Untracked, one point for each row of t.
  Tensor sample(const Rng& rng, const Tensor& t, const Tensor& context = {}) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("net", self.net);
    v("d", self.d);
    v("components", self.components);
    v("min_scale", self.min_scale);
    v("anchored", self.anchored);
  }
};

}  // namespace dimwise
