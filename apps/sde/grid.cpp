#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/data/result_table.hpp"
#include "apps/common/plot/places.hpp"
#include "apps/sde/commands.hpp"
#include "apps/sde/model/learned_process.hpp"
#include "apps/sde/model/replicates.hpp"
#include "autodiff/context.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::sde {

namespace {

struct GridSettings {
  CommonFlags common{.out = "runs/sde"};
  std::string file = "grid.csv", at;
  int64_t points = 50;
  std::vector<double> times;
  TableSettings table;
  RoleNames roles;
};

// Places in the units of the model: x (n, d), and the times of each, if they are given.
struct Places {
  Tensor x;
  std::vector<double> t = {};
};

// A grid over the observations, of one or two components.
Places over_data(const SavedRun& fit, int64_t points) {
  const Tensor& x = fit.data.train.x;
  if (x.dim(1) > 2)
    fail<UsageError>("grid", "the equation has ", x.dim(1),
                     " components, and a grid has one or two. Give a table of places by --at.");
  std::vector<std::vector<double>> sides;
  for (int64_t i = 0; i < x.dim(1); ++i) sides.push_back(linspace(span(select(x, 1, i).values(), 0.05), points));
  if (sides.size() == 1) return {tensor(sides[0], {points, 1}, DType::float64)};
  return {grid_points(sides[0], sides[1])};
}

// The rows of a table that has the components of the data.
Places from_table(const GridSettings& s, const SavedRun& fit) {
  CsvOptions options = csv_options(s.table);
  if (options.columns.empty()) options.columns = fit.data.train.columns;
  const Roles roles = read_roles(s.at, options, s.roles, true);
  const int64_t d = fit.data.train.d();
  if (roles.x.dim(1) != d)
    fail<DataError>("--at", s.at, " has ", roles.x.dim(1), " components, but the equation has ", d, ": ",
                    listed(fit.data.train.columns), ". Name them by --columns.");
  if (fit.settings.transform != "log") return {roles.x, roles.t};
  if (!(min(roles.x).item() > 0))
    fail<DataError>("--at", s.at, " has a value that is not positive, but the equation is one of logarithms.");
  return {log(roles.x), roles.t};
}

// Whether the density can be evaluated at a place alone.
bool has_density(const SavedRun& fit) { return fit.settings.method != "euler" && !fit.model.from_start; }

std::vector<double> times_of(const GridSettings& s, const SavedRun& fit) {
  if (!s.times.empty()) return s.times;
  const std::vector<double> clock = fit.model.clock.value.values();
  if (!has_density(fit) && !fit.model.time_dependent) return {clock[0]};
  return linspace({clock[0], clock[0] + clock[1]}, 5);
}

// A row of the table for each place.
std::vector<ResultPart> evaluate(const SavedRun& fit, const SdeModel& model, const Sde& learned,
                                 const std::vector<Sde>& replicates, const Tensor& t, const Tensor& x) {
  const NoGrad guard;
  const std::vector<std::string> names = model_columns(fit);
  std::vector<ResultPart> parts{{"t", {"t"}, t}, {"x", names, x}};
  const auto add = [&](const std::string& letter, const std::string& what, const Tensor& values) {
    std::vector<std::string> columns;
    for (const std::string& name : names) columns.push_back(fmt::format("{}_{}{}", letter, name, what));
    parts.push_back({letter + what, columns, values});
  };
  for (const auto& [letter, which] : {std::pair{"f", &Sde::drift}, {"g", &Sde::diffusion}}) {
    add(letter, "", (learned.*which)(t, x, 0)[0]);
    if (replicates.size() > 1) add(letter, "_standard_error", standard_errors(replicates, which, t, x));
  }
  for (int64_t group = 0; has_density(fit) && group < model.groups; ++group) {
    const std::string name = model.groups == 1 ? "log_p" : fmt::format("log_p_{}", group);
    parts.push_back({name, {name}, log_density(model, t, x, group)});
  }
  return parts;
}

void append(std::vector<ResultPart>& all, std::vector<ResultPart> part) {
  if (all.empty()) return void(all = std::move(part));
  for (size_t i = 0; i < all.size(); ++i) all[i].values = concat({all[i].values, part[i].values}, 0);
}

void run(const GridSettings& s) {
  const ResultFile file{"grid", "--file", s.file};
  file.check();
  if (s.at.empty() && s.table != TableSettings{})
    fail<UsageError>("grid", "the flags of a table are for --at. Without it, the places are a grid.");
  const SavedRun fit = load_run(s.common.out);
  const std::vector<Sde> replicates = load_replicates(fit, s.common.out);
  const Places places = s.at.empty() ? over_data(fit, s.points) : from_table(s, fit);
  const int64_t n = places.x.dim(0), block = 4096;
  const SdeModel model = astype(fit.model, DType::float64);
  const Sde learned = equation(model);
  std::vector<ResultPart> table;
  const auto add = [&](const Tensor& t) {
    for (int64_t begin = 0; begin < n; begin += block) {
      const int64_t end = std::min(n, begin + block);
      append(table, evaluate(fit, model, learned, replicates, slice(t, 0, begin, end), slice(places.x, 0, begin, end)));
    }
  };
  if (!places.t.empty() && s.times.empty())
    add(tensor(places.t, {n, 1}, DType::float64));
  else
    for (const double time : times_of(s, fit)) add(full({n, 1}, time, DType::float64));
  file.write(table);
  file.report() << table[0].values.dim(0) << " places written to " << s.file << '\n';
}

}  // namespace

void add_grid(App& app) {
  const auto s = std::make_shared<GridSettings>();
  Command& c = app.command("grid", "writes f, g and log p on a grid, or at given places, as a table");
  c.example("grid --out runs/well --file field.csv", "A grid over the observations, for another plotter");
  c.example("grid --out runs/mine --at places.csv --file field.npz", "At the rows of a table");
  c.section("Places");
  c.add("points", s->points, "points of the grid along each side, of one or two components",
        Range{.min = 2, .max = 2000});
  c.add("times", s->times,
        "times of the grid; by default five from the first observation to the last if f, g or p depends on time")
      .placeholder = "X,X,...";
  c.add("at", s->at,
        "or: a table with the components of the data, and with a time if one is wanted for each row; - is stdin")
      .placeholder = "FILE";
  c.add("time", s->roles.time, "of --at: the column of times; by default as in train").placeholder = "NAME";
  c.add("file", s->file, "table to write, .csv, .npy or .npz; - is stdout").placeholder = "FILE";
  add_table(c, s->table);
  c.section("Run");
  add_out(c, s->common);
  c.does([s](const Command&) { run(*s); });
}

}  // namespace dimwise::app::sde
