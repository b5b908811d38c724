#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/plot/write.hpp"
#include "apps/common/run/progress.hpp"
#include "apps/common/run/run_folder.hpp"
#include "apps/sde/commands.hpp"
#include "apps/sde/data/simulation.hpp"
#include "nn/io/csv.hpp"
#include "nn/io/npy.hpp"
#include "nn/io/npz.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::sde {

namespace {

struct SimulateSettings {
  CommonFlags common{.out = "data.csv", .figures = {.formats = {}}};
  std::string system, figure;
  SystemOptions options;
  SimulationSettings simulation;
};

void write(const std::string& file, const Observations& seen) {
  const auto column = [](const auto& values) {
    return tensor(std::vector<double>(values.begin(), values.end()), DType::float64);
  };
  const Tensor t = column(seen.t), path = column(seen.path), group = column(seen.group);
  if (file.ends_with(".npz")) return save_npz(file, {{"t", t}, {"path", path}, {"group", group}, {"x", seen.x}});
  const Tensor all = concat({stack({t, path, group}, 1), seen.x}, 1);
  if (file.ends_with(".npy")) return save_npy(file, all);
  std::vector<std::string> columns{"t", "path", "group"};
  columns.insert(columns.end(), seen.columns.begin(), seen.columns.end());
  save_csv(file, columns, all);
}

// At most 40 paths over time, or in the plane if d = 2: lines, or points if they are unpaired.
void draw(const SimulateSettings& s, const Observations& seen) {
  const bool plane = seen.d() == 2;
  Panel panel{.title = s.system, .x_label = plane ? "x1" : "t", .y_label = plane ? "x2" : "x1"};
  const std::vector<double> first = select(seen.x, 1, 0).values();
  const std::vector<double> second = plane ? select(seen.x, 1, 1).values() : first;
  Scatter points{.x = plane ? first : seen.t, .y = second};
  for (size_t i = 0; i < seen.t.size() && !s.simulation.unpaired; ++i) {
    if (i == 0 || seen.path[i] != seen.path[i - 1]) {
      if (panel.lines.size() == 40) break;
      panel.lines.emplace_back();
    }
    panel.lines.back().x.push_back(points.x[i]);
    panel.lines.back().y.push_back(points.y[i]);
  }
  if (s.simulation.unpaired) panel.scatters.push_back(points);
  write_figure({.panels = {panel}, .columns = 1}, s.figure, s.common.figures);
}

// Without --format, the ending of --figure is the format.
void choose_format(SimulateSettings& s) {
  if (s.figure.empty()) return;
  std::vector<Format>& formats = s.common.figures.formats;
  for (const Format format : picture_formats()) {
    const std::string ending = std::string(".") + name(format);
    if (!s.figure.ends_with(ending)) continue;
    s.figure.resize(s.figure.size() - ending.size());
    if (formats.empty()) formats = {format};
    return;
  }
  if (formats.empty())
    fail<UsageError>("--figure", "must end in .png, .svg or .pdf, not \"", s.figure, "\", unless --format is given.");
}

void run(SimulateSettings s) {
  const auto ends = [](const std::string& file, const Words& suffixes) {
    return std::any_of(suffixes.begin(), suffixes.end(), [&](const auto& suffix) { return file.ends_with(suffix); });
  };
  if (!ends(s.common.out, {".csv", ".npy", ".npz"}))
    fail<UsageError>("--out", "must end in .csv, .npy or .npz, not \"", s.common.out, "\".");
  choose_format(s);
  if (s.system.empty()) fail<UsageError>("simulate", "needs --system NAME.");
  const SdeSystem system = sde_system("--system", s.system, s.options);
  const auto started = std::chrono::steady_clock::now();
  Progress progress(observed_paths(system, s.simulation), 0, progress_style(s.common.quiet, s.common.no_progress));
  const Simulation simulation = simulate(system, s.simulation, Rng(static_cast<uint64_t>(s.common.seed)),
                                         [&](int64_t done) { progress.update({.step = done}); });
  progress.finish();
  const SdeStatistics& statistics = simulation.statistics;
  write_result("simulate", "--out", [&] { write(s.common.out, simulation.seen); });
  if (!s.figure.empty()) draw(s, simulation.seen);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  if (s.common.json)
    std::cout << nlohmann::ordered_json{{"system", system.name},
                                        {"equation", system.equation},
                                        {"d", system.d},
                                        {"groups", system.groups.size()},
                                        {"rows", simulation.seen.size()},
                                        {"steps", statistics.steps},
                                        {"drift_evaluations", statistics.drift},
                                        {"diffusion_evaluations", statistics.diffusion},
                                        {"seconds", seconds.count()},
                                        {"out", s.common.out}}
              << '\n';
  else
    std::cout << system.equation << '\n'
              << simulation.seen.size() << " observations written to " << s.common.out << '\n';
}

}  // namespace

void add_simulate(App& app) {
  const auto s = std::make_shared<SimulateSettings>();
  Command& c = app.command("simulate", "simulates paths of a built-in equation, and writes a table of observations");
  c.example("simulate --system double-well --paths 500 --out well.csv", "Five hundred paths, observed at equal times");
  c.example("simulate --system pendulum --times random --figure pendulum.png", "Irregular times, and a picture");
  c.section("Equation");
  c.add("system", s->system, fmt::format("one of {}", fmt::join(sde_system_names(), ", "))).placeholder = "NAME";
  add_system(c, s->options);
  c.section("Observations");
  add_paths(c, s->simulation);
  c.section("Integration");
  c.add_choice("method", s->simulation.method, sde_method_names(), "the method of integration");
  c.add("dt", s->simulation.dt, "maximum step; 0 for the default of the system", not_negative);
  add_seed(c, s->common.seed);
  c.section("Output");
  c.add("out", s->common.out, "table t, path, group, x1 ... as .csv, .npy or .npz").placeholder = "FILE";
  c.add("figure", s->figure,
        "also draw the paths; the ending .png, .svg or .pdf is the format, unless --format gives others")
      .placeholder = "FILE";
  add_figures(c, s->common);
  add_verbosity(c, s->common);
  add_json(c, s->common);
  c.does([s](const Command&) { run(*s); });
}

}  // namespace dimwise::app::sde
