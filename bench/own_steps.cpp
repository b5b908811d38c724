// A thousand rows with steps of their own. "limit" is the same solve with common steps: where rows are alike, own steps
// cost more; where one needs short steps, all others are spared them. The remark counts evaluations of a row of f.

#include <cmath>

#include "autodiff/base/rng.hpp"
#include "autodiff/context.hpp"
#include "bench/common.hpp"
#include "hollow/net/hollow_net.hpp"
#include "hollow/net/masked_conditioner.hpp"
#include "hollow/net/shared_transformer.hpp"
#include "hollow/ode/odeint.hpp"
#include "nn/mlp.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"

namespace dimwise::bench {

namespace {

constexpr int64_t own_rows = 1000;

struct Batch {
  std::string method;
  OdeTerm term;
  State y0;
  double end, rtol;
};

OdeSolution solved(const Batch& batch, bool own) {
  const NoGrad guard;
  OdeOptions options{.method = batch.method, .rtol = batch.rtol, .atol = 0.01 * batch.rtol, .max_steps = 1000000};
  options.controlled.assign(batch.y0.size(), false);
  options.controlled[0] = true;
  options.own_steps = own;
  return value_or_throw(odeint(batch.term, batch.y0, {0, batch.end}, options));
}

// A column of rates: 1, and `fast` for the last row.
Tensor rates(double fast, DType dtype) {
  return concat({ones({own_rows - 1, 1}, dtype), full({1, 1}, fast, dtype)}, 0);
}

Tensor of(const Tensor& t, const Tensor& like) { return astype(t, like.dtype()); }

// y' = k (cos t − y).
Batch relaxations(const std::string& method, double fast) {
  const DType dtype = DType::float64;
  return {method,
          [](const Tensor& t, const State& s) -> State {
            return {s[1] * (cos(of(t, s[0])) - s[0]), zeros_like(s[1])};
          },
          {zeros({own_rows, 1}, dtype), rates(fast, dtype)},
          10,
          1e-6};
}

// Van der Pol oscillators with μ from 0.1 to 30.
Batch oscillators(const std::string& method) {
  std::vector<double> mu;
  for (int64_t i = 0; i < own_rows; ++i) mu.push_back(0.1 * std::pow(300, static_cast<double>(i) / (own_rows - 1)));
  return {method,
          [](const Tensor&, const State& s) -> State {
            const Tensor x = slice(s[0], -1, 0, 1), v = slice(s[0], -1, 1, 2);
            return {concat({v, s[1] * (1 - x * x) * v - x}, -1), zeros_like(s[1])};
          },
          {concat({full({own_rows, 1}, 2, DType::float64), zeros({own_rows, 1}, DType::float64)}, -1),
           tensor(mu, {own_rows, 1}, DType::float64)},
          20,
          1e-6};
}

// y' = k (net(y) − y) in 16 dimensions.
template <class Net>
Batch nets(const Net& net, double fast) {
  return {"dopri5",
          [net](const Tensor&, const State& s) -> State {
            return {s[1] * (net(s[0]) - s[0]), zeros_like(s[1])};
          },
          {Rng(2).normal({own_rows, 16}), rates(fast, DType::float32)},
          5,
          1e-4};
}

const bool own_steps_added = [] {
  const auto mlp = [](double fast) { return nets(Mlp({16, 128, 128, 16}, Activation::tanh, Rng(1)), fast); };
  const auto hollow = [] {
    const HollowNet net{MaskedConditioner({.d = 16}, Rng(1)), SharedTransformer({.d = 16}, Rng(3))};
    return nets(net.at(), 50);
  };
  const std::vector<std::pair<std::string, std::function<Batch()>>> batches{
      {"relaxations of rate 1, one of 200, dopri5", [] { return relaxations("dopri5", 200); }},
      {"relaxations of rate 1, one of 200, dopri8", [] { return relaxations("dopri8", 200); }},
      {"van der Pol, mu from 0.1 to 30, tsit5", [] { return oscillators("tsit5"); }},
      {"Mlp 16-128-128-16, one of rate 50, dopri5", [=] { return mlp(50); }},
      {"HollowNet of d = 16, one of rate 50, dopri5", hollow},
      {"Mlp 16-128-128-16, all of rate 1, dopri5", [=] { return mlp(1); }},
      {"relaxations of rate 1, dopri5", [] { return relaxations("dopri5", 1); }}};
  for (const auto& [name, make] : batches)
    add_row("own steps/" + name, [make = make] {
      const Batch batch = make();
      const OdeStatistics own = solved(batch, true).statistics, common = solved(batch, false).statistics;
      return Row{.ours = [=] { benchmark::DoNotOptimize(solved(batch, true)); },
                 .limit = [=] { benchmark::DoNotOptimize(solved(batch, false)); },
                 .remark = std::to_string(own.row_evaluations) + " rows evaluated instead of " +
                           std::to_string(common.evaluations * own_rows),
                 .slice = 0.1};
    });
  return true;
}();

}  // namespace

}  // namespace dimwise::bench
