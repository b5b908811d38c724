#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/common/exit_code.hpp"
#include "apps/common/plot/png.hpp"
#include "apps/common/plot/svg.hpp"
#include "apps/common/progress.hpp"
#include "apps/sde/commands.hpp"
#include "apps/sde/systems.hpp"
#include "hollow/sde/sdeint.hpp"
#include "nn/files/csv.hpp"
#include "nn/files/npy.hpp"
#include "nn/files/npz.hpp"
#include "ops/layout.hpp"

namespace dimwise::app {

namespace {

struct SimulateSettings {
  CommonFlags common{.out = "data.csv"};
  std::string system, times = "uniform", method = "euler_maruyama", figure;
  SystemOptions options;
  int64_t paths = 200, observations = 0;
  double end = 0, dt = 0;
  bool unpaired = false;
};

// Rows t, path, group, x1 … of all paths, in their order.
struct Table {
  int64_t d = 0;
  std::vector<double> values = {};
  SdeStatistics statistics = {};

  int64_t width() const { return d + 3; }
  int64_t rows() const { return static_cast<int64_t>(values.size()) / width(); }
  Tensor tensor() const { return dimwise::tensor(values, {rows(), width()}, DType::float64); }
};

std::vector<double> observation_times(const SimulateSettings& s, const SdeSystem& system, const Rng& rng) {
  const int64_t m = s.observations > 0 ? s.observations : system.observations;
  const double end = s.end > 0 ? s.end : system.end;
  if (m < 2) fail<UsageError>("--observations", "must be at least 2, of which the first is at t = 0.");
  std::vector<double> times(static_cast<size_t>(m));
  const std::vector<double> u = rng.uniforms(m);
  for (size_t k = 1; k < times.size(); ++k)
    times[k] = end * (s.times == "random" ? 1 - u[k] : static_cast<double>(k) / static_cast<double>(m - 1));
  std::sort(times.begin(), times.end());
  return times;
}

// Paths in blocks, whose numbers are those of one whole batch.
Table simulate(const SimulateSettings& s, const SdeSystem& system, const std::vector<double>& times) {
  const Rng rng(static_cast<uint64_t>(s.common.seed));
  const auto groups = static_cast<int64_t>(system.groups.size()), seen = static_cast<int64_t>(times.size());
  const int64_t n = s.unpaired ? s.paths * seen : s.paths, block = 4096;
  std::vector<Tensor> starts;
  for (int64_t g = 0; g < groups; ++g)
    starts.push_back(sample_initial(system, g, rng.split("initial").split(static_cast<uint64_t>(g)), n));
  const Tensor initial = stack(starts, 1);  // (n, groups, d)
  Table table{.d = system.d};
  Progress progress(n, 0, progress_style(s.common.quiet, s.common.no_progress));
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t end = std::min(n, begin + block);
    std::vector<Tensor> own;
    for (int64_t i = begin; i < end; ++i) own.push_back(row(row(initial, i), i % groups));
    const SdeSolution path =
        sdeint(system.sde, stack(own), times, {s.method, s.dt > 0 ? s.dt : system.dt, rng.split("noise"), begin});
    std::vector<std::vector<double>> x;
    for (const Tensor& at : path.x) x.push_back(at.values());
    for (int64_t i = begin; i < end; ++i)
      for (size_t k = 0; k < times.size(); ++k) {
        if (s.unpaired && static_cast<int64_t>(k) != i / groups % seen) continue;
        table.values.insert(table.values.end(), {times[k], static_cast<double>(i), static_cast<double>(i % groups)});
        const auto from = x[k].begin() + (i - begin) * system.d;
        table.values.insert(table.values.end(), from, from + system.d);
      }
    table.statistics.steps += path.statistics.steps;
    table.statistics.drift += path.statistics.drift;
    table.statistics.diffusion += path.statistics.diffusion;
    progress.update({.step = end});
  }
  return table;
}

void write(const std::string& file, const Table& table) {
  const Tensor all = table.tensor();
  if (file.ends_with(".npy")) return save_npy(file, all);
  if (file.ends_with(".npz"))
    return save_npz(file, {{"t", select(all, 1, 0)},
                           {"path", select(all, 1, 1)},
                           {"group", select(all, 1, 2)},
                           {"x", slice(all, 1, 3, table.width())}});
  std::vector<std::string> columns{"t", "path", "group"};
  for (int64_t i = 1; i <= table.d; ++i) columns.push_back("x" + std::to_string(i));
  save_csv(file, columns, all);
}

// Paths over time, or in the plane where d = 2; at most 40 of them, as lines, or as points where they are unpaired.
void draw(const SimulateSettings& s, const Table& table) {
  const bool plane = table.d == 2;
  Panel panel{.title = s.system, .x_label = plane ? "x1" : "t", .y_label = plane ? "x2" : "x1"};
  const auto width = static_cast<size_t>(table.width());
  Scatter points;
  double last = -1;
  for (size_t at = 0; at < table.values.size(); at += width) {
    const double x = table.values[plane ? at + 3 : at], y = table.values[plane ? at + 4 : at + 3];
    if (s.unpaired) {
      points.x.push_back(x);
      points.y.push_back(y);
      continue;
    }
    if (table.values[at + 1] != last) {
      if (panel.lines.size() == 40) break;
      panel.lines.emplace_back();
      last = table.values[at + 1];
    }
    panel.lines.back().x.push_back(x);
    panel.lines.back().y.push_back(y);
  }
  if (s.unpaired) panel.scatters.push_back(points);
  const Figure figure{.panels = {panel}, .columns = 1};
  if (s.figure.ends_with(".svg")) return write_svg(figure, s.figure);
  write_png(render(figure), s.figure);
}

void run(const SimulateSettings& s) {
  const auto ends = [](const std::string& file, const Words& suffixes) {
    return std::any_of(suffixes.begin(), suffixes.end(), [&](const auto& suffix) { return file.ends_with(suffix); });
  };
  if (!ends(s.common.out, {".csv", ".npy", ".npz"}))
    fail<UsageError>("--out", "must end in .csv, .npy or .npz, not \"", s.common.out, "\".");
  if (!s.figure.empty() && !ends(s.figure, {".png", ".svg"}))
    fail<UsageError>("--figure", "must end in .png or .svg, not \"", s.figure, "\".");
  if (s.system.empty()) fail<UsageError>("simulate", "needs --system NAME.");
  const SdeSystem system = [&] {
    try {
      return sde_system(s.system, s.options);
    } catch (const ValueError& wrong) {
      fail<UsageError>("simulate", wrong.what());
    }
  }();
  const auto started = std::chrono::steady_clock::now();
  const std::vector<double> times =
      observation_times(s, system, Rng(static_cast<uint64_t>(s.common.seed)).split("times"));
  const Table table = simulate(s, system, times);
  try {
    write(s.common.out, table);
  } catch (const DataError& unwritable) {
    fail<Error>("simulate", unwritable.what(), " Choose another --out.");
  }
  if (!s.figure.empty()) draw(s, table);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  if (s.common.json)
    std::cout << nlohmann::ordered_json{{"system", system.name},
                                        {"equation", system.equation},
                                        {"d", system.d},
                                        {"groups", system.groups.size()},
                                        {"rows", table.rows()},
                                        {"steps", table.statistics.steps},
                                        {"drift_evaluations", table.statistics.drift},
                                        {"diffusion_evaluations", table.statistics.diffusion},
                                        {"seconds", seconds.count()},
                                        {"out", s.common.out}}
              << '\n';
  else
    std::cout << system.equation << '\n' << table.rows() << " observations written to " << s.common.out << '\n';
}

}  // namespace

void add_simulate(App& app) {
  const auto s = std::make_shared<SimulateSettings>();
  Command& c = app.command("simulate", "paths of a built-in equation, as a table of observations");
  c.example("simulate --system double-well --paths 500 --out well.csv", "Five hundred paths, observed at equal times");
  c.example("simulate --system pendulum --times random --figure pendulum.png", "Irregular times, and a picture");
  c.section("Equation");
  std::string names;
  for (const std::string& name : sde_system_names()) names += (names.empty() ? "" : ", ") + name;
  c.add("system", s->system, "one of " + names).placeholder = "NAME";
  c.add("d", s->options.d, "dimension of coupled, 2 to 64", at_least_one);
  c.add("sigma", s->options.sigma, "noise of double-well", positive);
  c.section("Observations");
  c.add("paths", s->paths, "number of paths, dealt in turn to the initial laws (column group)", at_least_one);
  c.add("observations", s->observations, "of each path, the first at t = 0; 0 for the system's own", not_negative);
  c.add_choice("times", s->times, Words{"uniform", "random"}, "equal or irregular intervals, the same for all paths");
  c.add("end-time", s->end, "bound of the last observation; 0 for the system's own", not_negative);
  c.add("unpaired", s->unpaired,
        "observe each path once: as many paths as observations, each with a number of its own");
  c.section("Integration");
  c.add_choice("method", s->method, sde_method_names(), "how paths are computed");
  c.add("dt", s->dt, "longest step; 0 for the system's own", not_negative);
  add_seed(c, s->common);
  c.section("Output");
  c.add("out", s->common.out, "table t, path, group, x1 ... as .csv, .npy or .npz").placeholder = "FILE";
  c.add("figure", s->figure, "also draw the paths, as .png or .svg").placeholder = "FILE";
  add_verbosity(c, s->common);
  add_json(c, s->common);
  c.does([s](const Command&) { run(*s); });
}

}  // namespace dimwise::app
