#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/data/result_table.hpp"
#include "apps/common/plot/write.hpp"
#include "apps/common/run/progress.hpp"
#include "apps/sde/commands.hpp"
#include "apps/sde/data/simulation.hpp"
#include "apps/sde/model/learned_process.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::sde {

namespace {

struct SimulateSettings {
  CommonFlags common{.out = "data.csv", .figures = {.formats = {}}};
  std::string system, model, figure;
  std::vector<double> start;
  SystemOptions options;
  SimulationSettings simulation;
};

std::vector<ResultPart> parts_of(const Observations& seen) {
  const auto column = [](const auto& values) {
    return tensor(std::vector<double>(values.begin(), values.end()), DType::float64);
  };
  return {{"t", {"t"}, column(seen.t)},
          {"path", {"path"}, column(seen.path)},
          {"group", {"group"}, column(seen.group)},
          {"x", seen.columns, seen.x}};
}

// At most 40 paths over time, or in the plane if d = 2: lines, or points if they are unpaired.
void draw(const SimulateSettings& s, const Observations& seen) {
  const bool plane = seen.d() == 2;
  Panel panel{.title = s.system.empty() ? "simulated by the learned equation" : s.system,
              .x_label = plane ? seen.columns[0] : "t",
              .y_label = seen.columns[plane ? 1 : 0]};
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

// What is simulated: its name, its equation in words, and whether its state is the logarithm of what is observed.
struct Source {
  std::string name, equation;
  SdeProcess process;
  bool of_logarithm = false;
};

Source source_of(const SimulateSettings& s) {
  if (s.system.empty() == s.model.empty()) fail<UsageError>("simulate", "needs one of --system NAME and --model RUN.");
  if (!s.system.empty()) {
    const SdeSystem system = sde_system("--system", s.system, s.options);
    return {system.name, system.equation, process_of(system)};
  }
  const SavedRun fit = load_run(s.model);
  return {s.model, "dx = f dt + g dW, learned in " + fit.path, learned_process(fit), fit.settings.transform == "log"};
}

// All paths of all groups start at --start.
void set_start(Source& source, const std::vector<double>& start) {
  if (start.empty()) return;
  SdeProcess& p = source.process;
  if (static_cast<int64_t>(start.size()) != p.d())
    fail<UsageError>("--start", "has ", start.size(), " numbers, but there are ", p.d(),
                     " components: ", listed(p.columns), ".");
  const Tensor given = tensor(start, DType::float64);
  if (source.of_logarithm && !(min(given).item() > 0))
    fail<UsageError>("--start", "must be positive: the equation is one of logarithms.");
  p.groups = 1;
  p.initial = [x = source.of_logarithm ? log(given) : given](int64_t, const Rng&, int64_t n) {
    return broadcast_to(x, {n, x.size()});
  };
}

void run(SimulateSettings s) {
  const ResultFile file{"simulate", "--out", s.common.out};
  file.check();
  choose_format(s);
  Source source = source_of(s);
  set_start(source, s.start);
  const SdeProcess& process = source.process;
  const auto started = std::chrono::steady_clock::now();
  Progress progress(observed_paths(process, s.simulation), 0, progress_style(s.common.quiet, s.common.no_progress));
  Simulation simulation = simulate(process, s.simulation, Rng(static_cast<uint64_t>(s.common.seed)),
                                   [&](int64_t done) { progress.update({.step = done}); });
  progress.finish();
  if (source.of_logarithm) simulation.seen.x = exp(simulation.seen.x);
  const SdeStatistics& statistics = simulation.statistics;
  file.write(parts_of(simulation.seen));
  if (!s.figure.empty()) draw(s, simulation.seen);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  if (s.common.json)
    file.report() << nlohmann::ordered_json{{"system", source.name},
                                            {"equation", source.equation},
                                            {"d", process.d()},
                                            {"groups", process.groups},
                                            {"rows", simulation.seen.size()},
                                            {"steps", statistics.steps},
                                            {"drift_evaluations", statistics.drift},
                                            {"diffusion_evaluations", statistics.diffusion},
                                            {"seconds", seconds.count()},
                                            {"out", s.common.out}}
                  << '\n';
  else
    file.report() << source.equation << '\n'
                  << simulation.seen.size() << " observations written to " << s.common.out << '\n';
}

}  // namespace

void add_simulate(App& app) {
  const auto s = std::make_shared<SimulateSettings>();
  Command& c = app.command("simulate", "simulates paths of a built-in or a learned equation, and writes a table");
  c.example("simulate --system double-well --paths 500 --out well.csv", "Five hundred paths, observed at equal times");
  c.example("simulate --system pendulum --times random --figure pendulum.png", "Irregular times, and a picture");
  c.example("simulate --model runs/mine --paths 1000 --end-time 50 --out ahead.csv",
            "A learned equation, beyond its data");
  c.section("Equation");
  c.add("system", s->system, fmt::format("one of {}", fmt::join(sde_system_names(), ", "))).placeholder = "NAME";
  add_system(c, s->options);
  c.add("model", s->model, "or: the run folder or a checkpoint of dimwise-sde train, to simulate the learned equation")
      .placeholder = "PATH";
  c.section("Observations");
  c.add("start", s->start,
        "where all paths start; by default the initial laws of a system, or where the paths of the data start");
  add_paths(c, s->simulation);
  c.section("Integration");
  c.add_choice("method", s->simulation.method, sde_method_names(), "the method of integration");
  c.add("dt", s->simulation.dt, "maximum step; 0 for the default of the system", not_negative);
  add_seed(c, s->common.seed);
  c.section("Output");
  c.add("out", s->common.out, "table t, path, group and components as .csv, .npy or .npz; - is stdout").placeholder =
      "FILE";
  c.add("figure", s->figure,
        "also draw the paths; the ending .png, .svg or .pdf is the format, unless --format gives others")
      .placeholder = "FILE";
  add_figures(c, s->common);
  add_verbosity(c, s->common);
  add_json(c, s->common);
  c.does([s](const Command&) { run(*s); });
}

}  // namespace dimwise::app::sde
