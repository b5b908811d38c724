#pragma once

#include <cmath>

#include "bench/common.hpp"
#include "hollow/net/hollow_net.hpp"
#include "hollow/net/masked_conditioner.hpp"
#include "hollow/net/shared_transformer.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"

namespace dimwise::bench {

inline constexpr int64_t batch = 256, hidden = 256, tau_hidden = 64, d_h = 32;
using Net = HollowNet<MaskedConditioner, SharedTransformer>;

inline Tensor mask(int64_t rows, int64_t columns, const std::function<bool(int64_t, int64_t)>& connected) {
  std::vector<double> values;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) values.push_back(connected(r, c) ? 1 : 0);
  return tensor(values, {rows, columns});
}

/// The net of all twins. Half of the hidden units depend on the inputs left of their degree, half on those right of it.
inline Net make_net(int64_t d) {
  const auto bound = [](int64_t n) { return 1 / std::sqrt(static_cast<double>(n)); };
  Net net{MaskedConditioner({.d = d, .d_h = d_h, .hidden = {hidden}}, Rng(0)),
          SharedTransformer({.d = d, .d_h = d_h, .hidden = {tau_hidden}}, Rng(0))};
  const auto left = [](int64_t unit) { return unit < hidden / 2; };
  const auto degree = [&](int64_t unit) { return (left(unit) ? unit : unit - hidden / 2) * d / (hidden / 2); };
  MaskedLinear &first = net.conditioner.layers[0], &second = net.conditioner.layers[1];
  first.weight = made({hidden, d}, 20, bound(d));
  first.bias = made({hidden}, 21, bound(d));
  first.mask = {mask(hidden, d, [&](int64_t k, int64_t j) { return left(k) ? j < degree(k) : j > degree(k); })};
  second.weight = made({d * d_h, hidden}, 22, bound(hidden));
  second.bias = made({d * d_h}, 23, bound(hidden));
  second.mask = {mask(d * d_h, hidden,
                      [&](int64_t r, int64_t k) { return left(k) ? r / d_h >= degree(k) : r / d_h <= degree(k); })};
  SharedTransformer& tau = net.transformer;
  tau.weight_x = made({tau_hidden}, 24, bound(1 + d_h));
  tau.from_h.weight = transpose(made({d_h, tau_hidden}, 25, bound(1 + d_h)));
  tau.from_h.bias = made({tau_hidden}, 26, bound(1 + d_h));
  tau.layers[0].weight = made({1, tau_hidden}, 27, bound(tau_hidden));
  tau.layers[0].bias = made({1}, 28, bound(tau_hidden));
  return net;
}

/// A net and its input. A training step differentiates both.
struct Problem {
  Net net;
  Tensor x;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("net", self.net);
    v("x", self.x);
  }
};

/// The gradient of (½ Σ f² + Σ D¹f) / batch.
inline Problem train(const Problem& problem) {
  return value_and_grad(
             [](const Problem& p) {
               const std::vector<Tensor> d = dimwise::dimwise(p.net.prepare().at(), p.x, 1);
               return (0.5 * sum(square(d[0])) + sum(d[1])) / static_cast<double>(batch);
             },
             problem)
      .second;
}

}  // namespace dimwise::bench
