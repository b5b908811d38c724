// A training step of a plane CNF with an ordinary net (3-64-64-64-2, tanh) and its exact trace, solved by dopri5 to
// 1e-5. Times are per evaluation of the dynamics, because step controls differ slightly.
#include <algorithm>
#include <cmath>
#include <memory>
#include <sstream>

#include "bench/common.hpp"
#include "bench/limits/limits.hpp"
#include "bench/peers/peers.hpp"
#include "hollow/flow/trace.hpp"
#include "hollow/ode/odeint.hpp"
#include "nn/linear.hpp"
#include "nn/optim/adam.hpp"
#include "nn/parallel/value_and_grad_parallel.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "ops/threads.hpp"

namespace {

using namespace dimwise;
using namespace dimwise::bench;

struct Net {
  std::vector<Linear> layers;
  Tensor time;  // the first layer's weights of t

  Tensor operator()(const Tensor& t, const Tensor& x) const {
    Linear first = layers[0];
    first.bias = first.bias + t * time;
    Tensor y = tanh(first(x));
    for (size_t l = 1; l + 1 < layers.size(); ++l) y = tanh(layers[l](y));
    return layers.back()(y);
  }

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("layers", self.layers);
    v("time", self.time);
  }
};

Net make_net() {
  const int64_t n[] = {3, 64, 64, 64, 2};
  Net net;
  for (uint32_t i = 0; i < 4; ++i) {
    const double scale = 4 / std::sqrt(static_cast<double>(n[i]));
    Linear layer;
    layer.weight = made({n[i + 1], n[i]}, 80 + 2 * i, scale);
    layer.bias = made({n[i + 1]}, 81 + 2 * i, scale);
    net.layers.push_back(layer);
  }
  Tensor& first = net.layers[0].weight;
  net.time = select(first, 1, 2);
  first = slice(first, 1, 0, 2);
  return net;
}

struct Training {
  Net net = make_net();
  Adam adam{.lr = 0};
  Tensor x;
  int64_t evaluations = 0;
  double loss = 0, gradient = 0;

  explicit Training(int64_t batch) : x(made({batch, 2}, 90, 2.0)) {}

  Tensor loss_of(const Net& m, const Tensor& x, int64_t& evaluations) const {
    const VectorField field = [&](const Tensor& t, const State& y) {
      const Dynamics d = brute_force_dynamics([&](const Tensor& in) { return m(t, in); }, y[0]);
      return State{d.f, d.trace};
    };
    const OdeOptions options{.rtol = 1e-5, .atol = 1e-5, .dt = 0.05, .quadratures = {false, true}};
    const OdeSolution s = value_or_throw(odeint(field, {x, zeros({x.dim(0)})}, {0, 1}, options));
    evaluations = s.statistics.evaluations;
    return mean(0.5 * sum(square(s.y.back()[0]), {-1}) - s.y.back()[1]);
  }
  Net step() {
    auto [value, g] = value_and_grad([&](const Net& m) { return loss_of(m, x, evaluations); }, net);
    adam.step(net, g);
    loss = value.item();
    return g;
  }
  // The same with a part of the batch, solved with separate steps, for each thread.
  void step(ThreadPool& pool) {
    std::vector<int64_t> counts(static_cast<size_t>(pool.threads()));
    const auto [value, g] = value_and_grad_parallel(
        pool,
        [&](const Net& m, const Shard& s) {
          return loss_of(m, slice(x, 0, s.begin, s.end), counts[static_cast<size_t>(s.index)]);
        },
        net, x.dim(0));
    adam.step(net, g);
    evaluations = *std::max_element(counts.begin(), counts.end());
  }
};

Row row(int64_t batch) {
  set_threads(1);
  const auto ours = std::make_shared<Training>(batch);
  double gradient = 0;
  for (const Tensor& g : parameters(ours->step())) gradient += squares(g.values());
  const Twin torch = torch_cnf(batch, 1), limit = limit_cnf(batch);
  const std::map<std::string, double> figures = {{"loss", ours->loss}, {"gradient", gradient}};
  agree(figures, torch, "libtorch");
  agree(figures, limit, "the handwritten program");
  std::ostringstream remark;
  remark << "evaluations: ours " << ours->evaluations;
  if (torch) remark << ", libtorch " << torch.check.at("evaluations");
  remark << ", limit " << limit.check.at("evaluations");
  return {.ours = [ours] { ours->step(); },
          .libtorch = find(torch, "step"),
          .limit = find(limit, "step"),
          .per = static_cast<double>(ours->evaluations),
          .libtorch_per = torch ? torch.check.at("evaluations") : 0,
          .limit_per = limit.check.at("evaluations"),
          .targets = {{"ours/libtorch", batch == 1 ? 0.10 : 0.55}},
          .remark = remark.str(),
          .slice = 0.05};
}

// Two threads. The handwritten program and libtorch use BLAS threads: libtorch's intra-op threads would make it slower.
Row on_two_threads(int64_t batch) {
  const auto ours = std::make_shared<Training>(batch);
  const auto pool = std::make_shared<ThreadPool>(2);
  set_threads(2);
  const Twin torch = torch_cnf(batch, 2), limit = limit_cnf(batch);
  set_threads(1);
  ours->step(*pool);
  const auto with = [](const std::function<void()>& work) -> std::function<void()> {
    if (!work) return {};
    return [work] {
      set_threads(2);
      work();
      set_threads(1);
    };
  };
  std::ostringstream remark;
  remark << "evaluations: ours " << ours->evaluations << " of each half";
  if (torch) remark << ", libtorch " << torch.check.at("evaluations");
  remark << ", limit " << limit.check.at("evaluations");
  return {.ours = [ours, pool] { ours->step(*pool); },
          .libtorch = with(find(torch, "step/blas")),
          .limit = with(find(limit, "step")),
          .per = static_cast<double>(ours->evaluations),
          .libtorch_per = torch ? torch.check.at("evaluations") : 0,
          .limit_per = limit.check.at("evaluations"),
          .targets = {{"ours/libtorch", 0.32}},
          .remark = remark.str(),
          .slice = 0.05,
          .clock = Clock::wall};
}

const bool added = [] {
  for (const int64_t batch : {512, 1})
    add_row("CNF training step, batch " + std::to_string(batch) + ", by evaluation", [=] { return row(batch); });
  add_row("CNF training step, batch 512, 2 threads, by evaluation", [] { return on_two_threads(512); });
  return true;
}();

}  // namespace
