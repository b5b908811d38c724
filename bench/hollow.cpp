// HollowNets: f, dimension-wise derivatives and a training step on them, by dimension; the exact divergence against
// brute force; a small net at batch 1.

#include <memory>
#include <sstream>

#include "bench/hollow_problem.hpp"
#include "bench/limits/limits.hpp"
#include "bench/peers/peers.hpp"
#include "hollow/flow/trace.hpp"
#include "hollow/net/leave_one_out.hpp"
#include "ops/arithmetic.hpp"
#include "ops/reduce.hpp"
#include "ops/threads.hpp"

namespace {

using namespace dimwise;
using namespace dimwise::bench;

double total(const Tensor& t) {
  double result = 0;
  for (const double v : t.values()) result += v;
  return result;
}

using Bound = decltype(std::declval<const Net&>().at());

// The data shared by the rows of one dimension.
struct Setting {
  int64_t d;
  Problem problem;
  Bound net;
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
    agree(ours, limit, "the handwritten program");
  }
};

// The setting of the current row; that of the last dimension is cached.
std::shared_ptr<Setting> setting(int64_t d) {
  static std::shared_ptr<Setting> last;
  set_threads(1);
  if (!last || last->d != d) {
    last.reset();
    last = std::make_shared<Setting>(d);
  }
  return last;
}

void add_dimension(int64_t d) {
  const auto add = [d](const std::string& name, const std::string& twin, std::function<void(const Setting&)> ours,
                       const std::vector<Target>& targets = {}) {
    add_row("hollow d=" + std::to_string(d) + " " + name, [=] {
      const auto s = setting(d);
      Row row{.ours = [s, ours] { ours(*s); }, .targets = targets, .slice = 0.05};
      row.libtorch = find(s->torch, twin);
      row.limit = find(s->limit, twin);
      row.unfused = find(s->limit, twin + "/unfused");
      if (name != "f") row.forward = [s] { keep(s->net(s->problem.x).node()); };
      return row;
    });
  };
  add("f", "fwd", [](const Setting& s) { keep(s.net(s.problem.x).node()); });
  const bool large = d >= 512;
  const auto orders = [](int order) {
    return [order](const Setting& s) { keep(dimwise::dimwise(s.net, s.problem.x, order).back().node()); };
  };
  add("f, D1, divergence", "dimwise",
      [](const Setting& s) { keep(sum(dimwise::dimwise(s.net, s.problem.x, 1)[1], {-1}).node()); },
      {{"ours/forward", 1.35}, {"ours/libtorch", large ? 0.40 : 0.55}});
  add("f, D1, D2", "second", orders(2), {{"ours/forward", 1.6}});
  add("f, D1 ... D4", "", orders(4), {{"ours/forward", 2.6}});
  add("training step on f, D1", "train", [](const Setting& s) { keep(train(s.problem).x.node()); },
      {{"ours/forward", 4.2}, {"ours/libtorch", large ? 0.38 : 0.52}});
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
    const double begin = now();
    const Tensor by_force = brute_force_dynamics(whole, s->problem.x).trace;
    brute = now() - begin;
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
  set_threads(1);
  const auto net = std::make_shared<Bound>(Net{MaskedConditioner({.d = 2, .d_h = d_h, .hidden = {64, 64}}, Rng(1)),
                                               SharedTransformer({.d = 2, .d_h = d_h, .hidden = {64, 64}}, Rng(2))}
                                               .prepare()
                                               .at());
  const Tensor x = made({1, 2}, 29, 1.5);
  return {.ours = [net, x] { keep((*net)(x).node()); }, .targets = {{"ours", 25e-6}}};
}

// A training step on f, D¹ of a net with LeaveOneOut, whose pooling has its own sums.
Row leave_one_out() {
  set_threads(1);
  using Pooled = HollowNet<LeaveOneOut, SharedTransformer>;
  constexpr int64_t d = 64;
  const auto net = std::make_shared<Pooled>(Pooled{LeaveOneOut({.d = d, .d_h = d_h, .hidden = {64, 64}}, Rng(1)),
                                                   SharedTransformer({.d = d, .d_h = d_h, .hidden = {64}}, Rng(2))});
  const Tensor x = made({batch, d}, 29, 1.5);
  const auto step = [net, x] {
    const auto loss = [&](const Pooled& m) {
      const std::vector<Tensor> values = dimwise::dimwise(m.at(), x, 1);
      return mean(square(values[0])) + mean(square(values[1]));
    };
    keep(value_and_grad(loss, *net).first.node());
  };
  return {.ours = step, .forward = [net, x] { keep((*net)(x).node()); }, .targets = {{"ours/forward", 4.5}}};
}

const bool added = [] {
  for (const int64_t d : {2, 8, 32, 64, 128, 512, 784}) add_dimension(d);
  add_row("exact divergence, d = 784, over brute force", 1, brute_force);
  add_row("f of two hidden layers of 64, d = 2, batch 1", small);
  add_row("LeaveOneOut, d = 64, training step on f, D1", leave_one_out);
  return true;
}();

}  // namespace
