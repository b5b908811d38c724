#include <cmath>
#include <functional>
#include <iostream>
#include <optional>

#include "apps/cnf/commands.hpp"
#include "apps/cnf/density_grid.hpp"
#include "apps/cnf/given.hpp"
#include "apps/common/cli/exit_code.hpp"
#include "apps/common/data/result_table.hpp"
#include "apps/common/run/long_job.hpp"
#include "ops/elementwise.hpp"

namespace dimwise::app::cnf {

namespace {

constexpr int64_t most_shown = 5000;

struct GridSettings {
  CommonFlags common{.out = "runs/cnf"};
  std::string weights = "best", file = "grid.csv", given;
  int64_t grid = 200;
  std::vector<double> x_limits, y_limits;
  SolverSettings solver;
};

std::optional<Limits> limits_of(const char* flag, const std::vector<double>& ends) {
  if (ends.empty()) return std::nullopt;
  if (ends.size() != 2 || !(ends[0] < ends[1]))
    fail<UsageError>(flag, "must be two numbers, the lower one first, as -1,2.");
  return Limits{ends[0], ends[1]};
}

void check_dimension(const GridSettings& s, const SavedRun& run) {
  const int64_t d = run.model.columns();
  if (d > 2)
    fail<UsageError>("grid", "the density has ", d, " learned columns (", listed(learned_names(run.settings)),
                     "), but a grid needs 1 or 2. Train on two, or make others given by train --given.");
  if (d == 1 && !s.y_limits.empty()) fail<UsageError>("--y-limits", "the density has one column. Leave it out.");
}

// The places of each learned column. The data are read only for limits that are not given.
std::vector<std::vector<double>> axes(const GridSettings& s, const SavedRun& run) {
  const std::optional<Limits> asked[]{limits_of("--x-limits", s.x_limits), limits_of("--y-limits", s.y_limits)};
  std::vector<std::vector<double>> places;
  Tensor shown;
  for (int64_t i = 0; i < run.model.columns(); ++i) {
    if (!asked[i] && !shown.defined()) shown = shown_rows(load_dataset(run), most_shown);
    places.push_back(centers(asked[i] ? *asked[i] : shown_range(shown, i), s.grid));
  }
  return places;
}

std::vector<ResultPart> parts_of(const GridSettings& s, const std::vector<std::vector<double>>& places,
                                 const Tensor& points, const Tensor& log_density) {
  std::vector<ResultPart> parts;
  const bool arrays = s.file.ends_with(".npz");
  const std::string names[]{"x", "y"};
  for (size_t i = 0; i < places.size(); ++i) {
    const auto axis = static_cast<int64_t>(i);
    parts.push_back({names[i],
                     {names[i]},
                     arrays ? tensor(places[i], DType::float64) : tensor(column(points, axis), DType::float64)});
  }
  if (!arrays) parts.push_back({"density", {"density"}, exp(log_density)});
  parts.push_back({"log_density",
                   {"log_density"},
                   arrays && places.size() == 2 ? reshape(log_density, {s.grid, s.grid}) : log_density});
  return parts;
}

void write_grid(const GridSettings& s) {
  const ResultFile file{"grid", "--file", s.file};
  file.check();
  const SavedRun run = load_run(s.common.out, s.weights);
  check_dimension(s, run);
  const Tensor given = given_values(run.settings, s.given);
  const std::vector<std::vector<double>> places = axes(s, run);
  const Tensor points =
      places.size() == 2 ? grid_points(places[0], places[1]) : tensor(places[0], {s.grid, 1}, DType::float64);
  LongJob job(s.common);
  const Tensor density =
      tensor(log_density(std::bind_front(&LongJob::run, &job), run.model, points, given, flow_options(s.solver)),
             DType::float64);
  file.write(parts_of(s, places, points, density));
  file.report() << points.dim(0) << " points written to " << s.file << '\n';
}

}  // namespace

void add_grid(App& app) {
  const auto s = std::make_shared<GridSettings>();
  Command& c = app.command("grid", "writes the density on a grid of one or two learned columns");
  c.example("grid --out runs/moons --grid 100 --file moons.csv", "A density for another plotter");
  c.example("grid --out runs/moons --x-limits=-2,3 --y-limits=-1,1.5 --file moons.npz", "On a rectangle, as arrays");
  c.section("Run");
  add_out(c, s->common);
  c.add_choice("weights", s->weights, Words{"best", "average", "last"}, "the saved weights to use");
  c.add("grid", s->grid, "points along each side, the centers of cells of equal size", at_least_one);
  c.add("x-limits", s->x_limits, "ends of the first learned column; without, those of the data");
  c.add("y-limits", s->y_limits, "ends of the second learned column; without, those of the data");
  add_given(c, s->given);
  c.add("file", s->file,
        "where to write x, y, density and log_density in nats, as .csv or .npy; as .npz x, y and log_density (y, x)")
      .placeholder = "FILE";
  add_threads(c, s->common, "cores to use; the density does not depend on it");
  add_progress(c, s->common);
  add_integrator(c, s->solver);
  c.does([s](const Command&) { write_grid(*s); });
}

}  // namespace dimwise::app::cnf
