// HollowNets: f, dimension-wise derivatives and a training step on them, by dimension; the exact divergence against
// brute force; a small net at batch 1.
#include "hollow/net/hollow_net.hpp"

#include <chrono>
#include <cmath>
#include <memory>
#include <sstream>

#include "bench/common.hpp"
#include "bench/limits/limits.hpp"
#include "bench/peers/peers.hpp"
#include "hollow/flow/trace.hpp"
#include "hollow/net/masked_conditioner.hpp"
#include "hollow/net/shared_transformer.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/gemm.hpp"
#include "ops/reduce.hpp"

namespace {

using namespace dimwise;
using namespace dimwise::bench;

constexpr int64_t batch = 256, hidden = 256, tau_hidden = 64, d_h = 32;
using Net = HollowNet<MaskedConditioner, SharedTransformer>;

Tensor mask(int64_t rows, int64_t columns, const std::function<bool(int64_t, int64_t)>& connected) {
  std::vector<double> values;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) values.push_back(connected(r, c) ? 1 : 0);
  return tensor(values, {rows, columns});
}

// The net of all twins. Half of the hidden units see what is left of their degree, half what is right of it.
Net make_net(int64_t d) {
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

// A net and its input, both of which a training step differentiates.
struct Problem {
  Net net;
  Tensor x;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("net", self.net);
    v("x", self.x);
  }
};

Problem train(const Problem& problem) {
  return value_and_grad(problem,
                        [](const Problem& p) {
                          const std::vector<Tensor> d = dimwise::dimwise(p.net.prepare().at(), p.x, 1);
                          return (0.5 * sum(square(d[0])) + sum(d[1])) / static_cast<double>(batch);
                        })
      .second;
}

double total(const Tensor& t) {
  double result = 0;
  for (const double v : t.values()) result += v;
  return result;
}

// What the rows of one dimension share.
struct Setting {
  int64_t d;
  Problem problem;
  BoundHollowNet<Net> net;  // prepared
  Twin torch, limit;

  explicit Setting(int64_t dimension)
      : d(dimension),
        problem{make_net(d), made({batch, d}, 29, 1.5)},
        net(problem.net.prepare().at()),
        torch(torch_hollow(d)),
        limit(limit_hollow(d)) {
    const std::vector<Tensor> values = dimwise::dimwise(net, problem.x, 2);
    const Problem g = train(problem);
    const std::map<std::string, double> ours = {
        {"f", squares(values[0].values())},
        {"D1", total(values[1])},
        {"D2", total(values[2])},
        {"gradient of x", squares(g.x.values())},
        {"gradient of w1", squares(g.net.conditioner.layers[0].weight.values())},
        {"gradient of b1", squares(g.net.conditioner.layers[0].bias.values())},
        {"gradient of w2", squares(g.net.conditioner.layers[1].weight.values())},
        {"gradient of b2", squares(g.net.conditioner.layers[1].bias.values())},
        {"gradient of wx", squares(g.net.transformer.weight_x.values())},
        {"gradient of wh", squares(g.net.transformer.from_h.weight.values())},
        {"gradient of bt", squares(g.net.transformer.from_h.bias.values())},
        {"gradient of v", squares(g.net.transformer.layers[0].weight.values())},
        {"gradient of c", squares(g.net.transformer.layers[0].bias.values())}};
    agree(ours, torch, "libtorch");
    agree(ours, limit, "the program by hand");
  }
};

// The setting of the row that runs; that of the last dimension is kept.
std::shared_ptr<Setting> setting(int64_t d) {
  static std::shared_ptr<Setting> last;
  set_blas_threads(1);
  if (!last || last->d != d) {
    last.reset();
    last = std::make_shared<Setting>(d);
  }
  return last;
}

void add_dimension(int64_t d) {
  const auto add = [d](const std::string& name, const std::string& twin, std::function<void(const Setting&)> ours,
                       const std::string& remark = "") {
    add_row("hollow d=" + std::to_string(d) + " " + name, [=] {
      const auto s = setting(d);
      Row row{.ours = [s, ours] { ours(*s); }, .remark = remark, .slice = 0.05};
      row.libtorch = find(s->torch, twin);
      row.limit = find(s->limit, twin);
      row.unfused = find(s->limit, twin + "/unfused");
      if (name != "f") row.forward = [s] { keep(s->net(s->problem.x).node()); };
      return row;
    });
  };
  add("f", "fwd", [](const Setting& s) { keep(s.net(s.problem.x).node()); });
  add("f, D1, divergence", "dimwise",
      [](const Setting& s) { keep(sum_last(dimwise::dimwise(s.net, s.problem.x, 1)[1]).node()); });
  add("f, D1, D2", "second", [](const Setting& s) { keep(dimwise::dimwise(s.net, s.problem.x, 2)[2].node()); });
  add("f, D1 ... D4", "", [](const Setting& s) { keep(dimwise::dimwise(s.net, s.problem.x, 4)[4].node()); });
  add("training step on f, D1", "train", [](const Setting& s) { keep(train(s.problem).x.node()); });
}

// The divergence by d backward passes through the whole net, once, against the dimension-wise one.
void brute_force(benchmark::State& state) {
  const int64_t d = quick() ? 64 : 784;
  const auto s = setting(d);
  const Function whole = [&](const Tensor& x) { return s->net(x); };
  Turns exact({{"ours", [&] { keep(divergence(s->net, s->problem.x).node()); }}});
  for (int64_t i = 0; i < 5; ++i) exact.round();
  double brute = 0, difference = 0;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    const Tensor by_force = brute_force_drift(whole, s->problem.x).trace;
    brute = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    state.SetIterationTime(brute);
    difference = max(abs(by_force - divergence(s->net, s->problem.x))).item();
  }
  for (int64_t i = 0; i < 5; ++i) exact.round();
  std::ostringstream remark;
  remark << "brute force " << brute << " s in full, dimwise " << 1e3 * exact.seconds("ours")
         << " ms; they differ by at most " << difference;
  Figures f{.unit = "x", .ours = brute / exact.seconds("ours"), .remark = remark.str()};
  if (!quick()) f.targets = {{"ours", 300, true}};
  report(state, f);
}

// A two-hidden-layer net of width 64 at batch 1, d = 2.
Row small() {
  set_blas_threads(1);
  const auto net =
      std::make_shared<BoundHollowNet<Net>>(Net{MaskedConditioner({.d = 2, .d_h = d_h, .hidden = {64, 64}}, Rng(1)),
                                                SharedTransformer({.d = 2, .d_h = d_h, .hidden = {64, 64}}, Rng(2))}
                                                .prepare()
                                                .at());
  const Tensor x = made({1, 2}, 29, 1.5);
  return {.ours = [net, x] { keep((*net)(x).node()); }, .targets = {{"ours", 25e-6}}};
}

const bool added = [] {
  for (const int64_t d : {2, 8, 32, 64, 128, 512, 784}) add_dimension(d);
  add_row("exact divergence, d = 784, over brute force", 1, brute_force);
  add_row("f of two hidden layers of 64, d = 2, batch 1", small);
  return true;
}();

}  // namespace
