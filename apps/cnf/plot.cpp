#include <algorithm>
#include <cmath>
#include <functional>
#include <iostream>

#include "apps/cnf/commands.hpp"
#include "apps/cnf/density_grid.hpp"
#include "apps/cnf/given.hpp"
#include "apps/common/plot/write.hpp"
#include "apps/common/report/metrics.hpp"
#include "apps/common/run/run_folder.hpp"
#include "autodiff/context.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::cnf {

namespace {

struct PlotSettings {
  CommonFlags common{.out = "runs/cnf"};
  std::string weights = "best", given;
  int64_t grid = 200, n = 5000, paths = 60;
  SolverSettings solver{.rtol = 1e-4, .atol = 1e-4};
};

// exp(log density) on a grid.
template <class LogDensity>
HeatMap heat_map(const Limits& x, const Limits& y, int64_t n, LogDensity&& log_density) {
  HeatMap map{.values = log_density(grid_points(centers(x, n), centers(y, n))),
              .columns = static_cast<int>(n),
              .x0 = x.low,
              .x1 = x.high,
              .y0 = y.low,
              .y1 = y.high};
  for (double& v : map.values) v = std::exp(v);
  return map;
}

class Plotter {
 public:
  explicit Plotter(const PlotSettings& s)
      : s_(s),
        saved_(load_run(s.common.out, s.weights)),
        data_(load_dataset(saved_)),
        options_(flow_options(s.solver)),
        given_(given_values(saved_.settings, s.given)),
        names_(learned_names(saved_.settings)),
        pool_(1),
        shown_(shown_rows(data_, s.n)) {
    const Tensor given = given_.defined() ? broadcast_to(given_, {s.n, given_.size()}) : given_;
    samples_ = sample_model(in_pool(), saved_.model, s.n, given,
                            Rng(static_cast<uint64_t>(s.common.seed)).split("plot"), options_.ode);
  }

  void run() {
    const int64_t d = saved_.settings.model.net.d;
    if (d == 1) write("density", {density_curve()});
    if (d == 2) {
      write("density", density_panels(), 4);
      write("trajectories", {trajectories()});
    }
    write("samples", d == 1 ? std::vector{sample_histograms()} : pair_panels(), 3);
    if (const auto curve = learning_curve(); !curve.lines.empty()) write("learning-curve", {curve});
  }

 private:
  void write(const std::string& name, std::vector<Panel> panels, int columns = 1) const {
    const Figure figure{.panels = std::move(panels), .columns = columns};
    for (const std::string& path : write_figure(figure, result_figure(s_.common.out, name), s_.common.figures))
      std::cout << path << '\n';
  }

  ForChunks in_pool() { return std::bind_front(&ThreadPool::run, &pool_); }

  std::vector<double> model_log_density(const Tensor& points) {
    return log_density(in_pool(), saved_.model, points, given_, options_);
  }

  // As "samples, given a=1.5".
  std::string titled(const std::string& title) const {
    return given_.defined() ? title + ", given " + s_.given : title;
  }

  // The rows of a file have all values of the given columns.
  std::string data_label() const { return given_.defined() ? "all data" : "data"; }

  std::vector<Panel> density_panels() {
    const Limits x = shown_range(shown_, 0), y = shown_range(shown_, 1);
    const std::string nx = names_[0], ny = names_[1];
    std::vector<Panel> panels;
    panels.push_back({.title = data_label(),
                      .x_label = nx,
                      .y_label = ny,
                      .scatters = {{column(shown_, 0), column(shown_, 1), "", 1.2, 0.4}},
                      .x_limits = x,
                      .y_limits = y});
    if (data_.density) {
      HeatMap truth = heat_map(x, y, s_.grid, [&](const Tensor& points) {
        std::vector<double> values;
        const auto p = points.data<double>();
        for (size_t i = 0; i < p.size(); i += 2) values.push_back(data_.density->log_density(p[i], p[i + 1]));
        return values;
      });
      panels.push_back({.title = "true density", .x_label = nx, .y_label = ny, .heat_map = std::move(truth)});
    }
    panels.push_back(
        {.title = titled("learned density"),
         .x_label = nx,
         .y_label = ny,
         .heat_map = heat_map(x, y, s_.grid, [&](const Tensor& points) { return model_log_density(points); })});
    panels.push_back({.title = titled("samples"),
                      .x_label = nx,
                      .y_label = ny,
                      .scatters = {{column(samples_, 0), column(samples_, 1), "", 1.2, 0.4}},
                      .x_limits = x,
                      .y_limits = y});
    for (Panel& panel : panels)
      panel.equal_scales = data_.density != nullptr;  // the columns of a file have different units
    share_range(panels);
    return panels;
  }

  // Of one column.
  Panel density_curve() {
    constexpr int64_t places = 400;
    const Limits x = shown_range(shown_, 0);
    std::vector<double> at;
    for (int64_t i = 0; i < places; ++i)
      at.push_back(x.low + (x.high - x.low) * static_cast<double>(i) / static_cast<double>(places - 1));
    std::vector<double> density = model_log_density(tensor(at, {places, 1}, DType::float64));
    for (double& v : density) v = std::exp(v);
    return {.title = titled("density"),
            .x_label = names_[0],
            .y_label = "density",
            .lines = {histogram(column(shown_, 0), x, data_label()), {at, density, "learned"}},
            .x_limits = x};
  }

  Panel sample_histograms() {
    const Limits x = shown_range(shown_, 0);
    return {.title = titled("samples"),
            .x_label = names_[0],
            .y_label = "density",
            .lines = {histogram(column(shown_, 0), x, data_label()), histogram(column(samples_, 0), x, "model")},
            .x_limits = x};
  }

  // Neighboring columns of data and samples, of the first six.
  std::vector<Panel> pair_panels() {
    std::vector<Panel> panels;
    const int64_t d = saved_.settings.model.net.d;
    for (int64_t i = 0; i + 1 < std::min<int64_t>(d, 7); ++i) {
      const auto a = static_cast<size_t>(i);
      panels.push_back({.title = titled("samples"),
                        .x_label = names_[a],
                        .y_label = names_[a + 1],
                        .scatters = {{column(samples_, i), column(samples_, i + 1), "model", 1.3, 0.35},
                                     {column(shown_, i), column(shown_, i + 1), data_label(), 1.3, 0.35}},
                        .x_limits = shown_range(shown_, i),
                        .y_limits = shown_range(shown_, i + 1)});
    }
    return panels;
  }

  // Paths of the first block from base to data, in standardized units.
  Panel trajectories() {
    const NoGrad guard;
    const auto net = saved_.model.flow.blocks[0].prepare(given_.defined() ? saved_.model.context(given_) : Tensor());
    std::vector<double> times;
    constexpr int64_t points = 60;
    for (int64_t i = 0; i <= points; ++i) times.push_back(saved_.model.flow.T * static_cast<double>(i) / points);
    const Tensor z = Rng(static_cast<uint64_t>(s_.common.seed))
                         .split("paths")
                         .normal({s_.paths, 2}, saved_.settings.model.net.dtype);
    const OdeSolution solution = value_or_throw(
        odeint([&](const Tensor& t, const State& y) { return State{net(y[0], t)}; }, {z}, times, options_.ode));
    Panel panel{.title = titled("paths, base to data"),
                .x_label = "x1, standardized",
                .y_label = "x2, standardized",
                .equal_scales = true};
    Scatter ends{.label = "t = T", .radius = 2.5, .alpha = 0.9};
    for (int64_t p = 0; p < s_.paths; ++p) {
      Line line;
      for (const State& y : solution.y) {
        const std::vector<double> at = row(y[0], p).values();
        line.x.push_back(at[0]);
        line.y.push_back(at[1]);
      }
      ends.x.push_back(line.x.back());
      ends.y.push_back(line.y.back());
      panel.lines.push_back(std::move(line));
    }
    panel.scatters = {std::move(ends)};
    return panel;
  }

  Panel learning_curve() {
    const std::string metrics = s_.common.out + "/metrics.jsonl";
    const Line train = running_median(read_metric(metrics, "nll", "training (median of 25)"), 25),
               validation = read_metric(metrics, "validation_nll", "validation");
    Panel panel{.title = "negative log-likelihood", .x_label = "step", .y_label = "nats"};
    if (train.x.empty() && validation.x.empty()) return panel;
    panel.lines = {train, validation};
    if (data_.density && !train.x.empty())
      panel.lines.push_back(
          {{train.x.front(), train.x.back()}, {data_.density->entropy, data_.density->entropy}, "entropy"});
    return panel;
  }

  PlotSettings s_;
  SavedRun saved_;
  Dataset data_;
  FlowOptions options_;
  Tensor given_;  // the values of the given columns
  std::vector<std::string> names_;
  ThreadPool pool_;
  Tensor shown_, samples_;
};

}  // namespace

void add_plot(App& app) {
  const auto s = std::make_shared<PlotSettings>();
  Command& c = app.command("plot", "draws the learned density, samples, paths and the learning curve into OUT/figs");
  c.example("plot --out runs/moons", "Pictures of the trained flow");
  c.section("Run");
  add_out(c, s->common);
  c.add_choice("weights", s->weights, Words{"best", "average", "last"}, "the saved weights to use");
  add_given(c, s->given);
  c.add("grid", s->grid, "points along each side of the density's picture", at_least_one);
  c.add("n", s->n, "samples drawn", at_least_one);
  c.add("paths", s->paths, "paths drawn", at_least_one);
  add_seed(c, s->common.seed);
  add_figures(c, s->common);
  add_integrator(c, s->solver);
  c.does([s](const Command&) { Plotter(*s).run(); });
}

}  // namespace dimwise::app::cnf
