// Dimension-wise derivatives by dimension and order, against d pulls (brute force) and Hutchinson's estimate; the last
// row plots the measurements to DIMWISE_BENCH_FIGURE.png.
//
// All with 32 rows. Brute force runs at most 32 of its d pulls, and the time is scaled to d; for d = 784 all run.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>

#include "apps/common/plot/write.hpp"
#include "autodiff/context.hpp"
#include "autodiff/transforms.hpp"
#include "bench/common.hpp"
#include "hollow/flow/trace.hpp"
#include "hollow/net/hollow_net.hpp"
#include "hollow/net/masked_conditioner.hpp"
#include "hollow/net/shared_transformer.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "ops/threads.hpp"

namespace {

using namespace dimwise;
using namespace dimwise::bench;
using Net = decltype(std::declval<const HollowNet<MaskedConditioner, SharedTransformer>&>().at());

constexpr int64_t rows = 32, pulls = 32, all_pulls = 784;

struct Setting {
  int64_t d;
  Net net;
  Tensor x, noise;

  explicit Setting(int64_t dimension)
      : d(dimension),
        net(HollowNet{MaskedConditioner({.d = d, .d_h = 32, .hidden = {256}}, Rng(1)),
                      SharedTransformer({.d = d, .d_h = 32, .hidden = {64}}, Rng(2))}
                .prepare()
                .at()),
        x(made({rows, d}, 29, 1.5)),
        noise(Rng(3).rademacher({rows, d})) {}
};

std::shared_ptr<Setting> setting(int64_t d) {
  static std::shared_ptr<Setting> last;
  set_threads(1);
  if (!last || last->d != d) {
    last.reset();
    last = std::make_shared<Setting>(d);
  }
  return last;
}

// ∂^k f_i/∂x_i^k for i = 0 … n−1, one pull through the whole net for each i and order.
void brute_force(const Setting& s, int order, int64_t n) {
  const Tensor x = track(s.x), y = s.net(x);
  const Tape tape({y}, {x});
  for (int64_t i = 0; i < n; ++i) {
    const Tensor one = broadcast_to(place_row(scalar(1), i, s.d), y.shape());
    const GradMode recorded(order > 1);
    const Tensor g = tape.pull({one})[0];
    if (order > 1)
      keep(grad(sum(select(g, -1, i)), x, {.record = false}).node());
    else
      keep(g.node());
  }
}

// The curves of the figure: for each, a time and a ratio for every dimension.
struct Curve {
  std::string label;
  std::vector<double> log_d = {}, milliseconds = {}, over_forward = {};

  void add(int64_t d, double seconds, double forward) {
    log_d.push_back(std::log2(static_cast<double>(d)));
    milliseconds.push_back(1e3 * seconds);
    over_forward.push_back(seconds / forward);
  }
};
Curve& in_full_points() {
  static Curve points{"not scaled"};
  return points;
}
std::vector<Curve>& curves() {
  static std::vector<Curve> all;
  return all;
}

void add_point(benchmark::State& state, const std::string& label, int64_t d, double seconds, double forward) {
  state.counters["ms"] = 1e3 * seconds;
  state.counters["over_forward"] = seconds / forward;
  std::vector<Curve>& all = curves();
  auto curve = std::find_if(all.begin(), all.end(), [&](const Curve& c) { return c.label == label; });
  if (curve == all.end()) curve = all.insert(all.end(), {label});
  curve->add(d, seconds, forward);
}

// dimwise of an order, alternating with the forward pass, and its two methods compared.
void derivative(benchmark::State& state, const std::string& label, int64_t d, int order) {
  const auto s = setting(d);
  const auto by = [&](DimwiseMethod method) {
    return [&, method] { keep(dimwise::dimwise(s->net, s->x, order, method).back().node()); };
  };
  Turns turns({{"work", by(DimwiseMethod::automatic)},
               {"forward", [&] { keep(s->net(s->x).node()); }},
               {"reverse", by(DimwiseMethod::reverse)},
               {"taylor", by(DimwiseMethod::taylor)}},
              0.01);
  for (auto _ : state) state.SetIterationTime(turns.round());
  add_point(state, label, d, turns.seconds("work"), turns.seconds("work") / turns.ratio("work", "forward"));
  state.counters["reverse/taylor"] = turns.ratio("reverse", "taylor");
}

void hutchinson(benchmark::State& state, int64_t d) {
  const auto s = setting(d);
  const Function whole = [&](const Tensor& x) { return s->net(x); };
  Turns turns({{"work", [&] { keep(hutchinson_dynamics(whole, s->x, s->noise).trace.node()); }},
               {"forward", [&] { keep(s->net(s->x).node()); }}},
              0.01);
  for (auto _ : state) state.SetIterationTime(turns.round());
  add_point(state, "Hutchinson's estimate, k = 1", d, turns.seconds("work"),
            turns.seconds("work") / turns.ratio("work", "forward"));
}

void forced(benchmark::State& state, const std::string& label, int64_t d, int order) {
  const auto s = setting(d);
  const int64_t n = d == all_pulls && !quick() ? d : std::min(d, pulls);
  Turns forward({{"forward", [&] { keep(s->net(s->x).node()); }}}, 0.01);
  brute_force(*s, order, 1);
  std::vector<double> seconds;
  for (auto _ : state) {
    forward.round();
    const double begin = now();
    brute_force(*s, order, n);
    seconds.push_back(now() - begin);
    state.SetIterationTime(seconds.back());
    forward.round();
  }
  if (n < d) state.SetLabel(std::to_string(n) + " of " + std::to_string(d) + " pulls, scaled");
  const double scale = static_cast<double>(d) / static_cast<double>(n);
  add_point(state, label, d, scale * median(seconds), forward.seconds("forward"));
  if (n == d) in_full_points().add(d, median(seconds), forward.seconds("forward"));
}

// Axis limits that leave space at the top of a panel for its legend.
app::Limits limits(const std::vector<app::Line>& lines) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const app::Line& line : lines)
    for (const double y : line.y) {
      low = std::min(low, y);
      high = std::max(high, y);
    }
  low *= 0.7;
  return {low, low * std::pow(high / low, 1.25)};
}

void draw(benchmark::State& state) {
  const char* path = std::getenv("DIMWISE_BENCH_FIGURE");
  for (auto _ : state) state.SetIterationTime(1e-9);
  if (!path || !*path) return;
  app::Panel times{.title = "time", .x_label = "log2 of the dimension d", .y_label = "ms, 32 rows", .log_y = true};
  app::Panel ratios{
      .title = "over one forward pass", .x_label = "log2 of the dimension d", .y_label = "ratio", .log_y = true};
  for (const Curve& c : curves()) {
    times.lines.push_back({c.log_d, c.milliseconds, c.label});
    ratios.lines.push_back({c.log_d, c.over_forward, c.label});
  }
  const Curve& full = in_full_points();
  times.scatters.push_back({.x = full.log_d, .y = full.milliseconds, .label = full.label, .radius = 3, .alpha = 1});
  ratios.scatters.push_back({.x = full.log_d, .y = full.over_forward, .label = full.label, .radius = 3, .alpha = 1});
  times.y_limits = limits(times.lines);
  ratios.y_limits = limits(ratios.lines);
  app::write_figure({.panels = {times, ratios}, .columns = 2, .panel_width = 620, .panel_height = 480}, path, {});
}

const bool added = [] {
  std::vector<int64_t> dimensions;
  for (int64_t d = 2; d <= 4096; d *= 2) {
    dimensions.push_back(d);
    if (d == 512) dimensions.push_back(all_pulls);
  }
  for (const int64_t d : dimensions) {
    const auto name = [d](const std::string& label) { return "sweep d=" + std::to_string(d) + " " + label; };
    for (int order = 1; order <= 4; ++order) {
      const std::string label = "dimwise, k = " + std::to_string(order);
      add_row(name(label), rounds(), [=](benchmark::State& state) { derivative(state, label, d, order); });
    }
    add_row(name("Hutchinson"), rounds(), [=](benchmark::State& state) { hutchinson(state, d); });
    for (int order = 1; order <= 2; ++order) {
      const std::string label = "brute force, k = " + std::to_string(order);
      add_row(name(label), d < 512 ? 3 : 1,
              [=](benchmark::State& state) { forced(state, label + ", scaled", d, order); });
    }
  }
  add_row("sweep picture", 1, draw);
  return true;
}();

}  // namespace
