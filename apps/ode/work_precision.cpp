#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/plot/write.hpp"
#include "apps/common/run/progress.hpp"
#include "apps/common/run/run_folder.hpp"
#include "apps/common/run/signals.hpp"
#include "apps/ode/commands.hpp"
#include "apps/ode/problem_source.hpp"
#include "apps/ode/solver_spec.hpp"
#include "nn/io/bytes.hpp"

namespace dimwise::app::ode {

namespace {

using Clock = std::chrono::steady_clock;

struct WorkPrecisionSettings {
  CommonFlags common{.out = "runs/ode-race", .figures = {.formats = {Format::svg, Format::png}}};
  ProblemSource source;
  std::string methods = "dopri5,adams,bdf", rtols = "1e-3..1e-8", reference = {};
  int64_t budget = 1000000;
  double seconds = 30;
};

// One method at one tolerance.
struct Cell {
  SolverSpec solver;
  double rtol;
  OdeStatistics counts = {};
  double seconds = 0, error = NAN, reached = 0;
  std::string outcome = {};  // empty if the solve reached the end
};

std::string number(double x) { return std::isnan(x) ? "-" : fmt::format("{:.3g}", x); }

std::vector<SolverSpec> parse_solver_specs(const std::string& text) {
  std::vector<SolverSpec> all;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    all.push_back(parse_solver_spec("--methods", text.substr(at, comma - at)));
    if (!is_adaptive(all.back().method))
      fail<UsageError>("--methods", all.back().method, " has fixed steps and no tolerance. Leave it out.");
    at = comma + 1;
  }
  return all;
}

// A list, or a range such as `1e-3..1e-9` with one tolerance for each decade.
std::vector<double> parse_rtols(const std::string& text) {
  std::vector<double> all;
  if (const size_t dots = text.find(".."); dots != std::string::npos) {
    const std::vector<double> from = parse_numbers("--rtols", text.substr(0, dots)),
                              to = parse_numbers("--rtols", text.substr(dots + 2));
    if (from.size() != 1 || to.size() != 1 || !(from[0] >= to[0] && to[0] > 0))
      fail<UsageError>("--rtols", "must be decreasing, such as 1e-3..1e-9, not \"", text, "\"");
    // Rounded to 12 digits, so that 1e-5 is exactly 1e-5.
    for (int i = 0; from[0] * std::pow(10, -i) >= to[0] * 0.999; ++i)
      all.push_back(std::stod(fmt::format("{:.12g}", from[0] * std::pow(10, -i))));
  } else {
    all = parse_numbers("--rtols", text);
  }
  for (const double rtol : all)
    if (!(rtol > 0)) fail<UsageError>("--rtols", "must be above 0, not \"", text, "\"");
  return all;
}

class WorkPrecision {
 public:
  WorkPrecision(const WorkPrecisionSettings& s, const Command& self)
      : s_(s),
        problem_(load_problem(s.source)),
        solvers_(parse_solver_specs(s.methods)),
        rtols_(parse_rtols(s.rtols)),
        folder_(s.common.out, self) {}

  void run() {
    reference_ = find_reference(problem_, s_.reference);
    if (!reference_) reference_ = tight_reference();
    const auto total = static_cast<int64_t>(solvers_.size() * rtols_.size());
    {
      Progress progress(total, 0, progress_style(s_.common.quiet, s_.common.no_progress));
      for (const SolverSpec& solver : solvers_)
        for (const double rtol : rtols_) {
          if (stop_.pending() != 0) break;
          Cell cell = solve(solver, rtol);
          if (stop_.pending() != 0) break;  // a cell interrupted by a signal is not a result
          folder_.metrics(static_cast<int64_t>(cells_.size()) + 1,
                          {{"rtol", cell.rtol},
                           {"error", cell.error},
                           {"evaluations", static_cast<double>(cell.counts.evaluations)},
                           {"seconds", cell.seconds}});
          folder_.log(solver.name() + " at rtol " + number(rtol) + ": " +
                      (cell.outcome.empty() ? "error " + number(cell.error) : cell.outcome));
          cells_.push_back(std::move(cell));
          progress.update(
              {.step = static_cast<int64_t>(cells_.size()), .evaluations_forward = cells_.back().counts.evaluations});
        }
    }
    write();
    std::cout << (s_.common.json ? json() : table() + "\n" + written());
    if (stop_.pending() != 0)
      throw Interrupted(stop_.pending(),
                        fmt::format("{} of {} solves are done and written to {}. Repeat the command to start again.",
                                    cells_.size(), total, folder_.path()));
  }

 private:
  std::function<bool(const OdeStep&)> until(double seconds) const {
    return [this, end = Clock::now() + std::chrono::duration<double>(seconds)](const OdeStep&) {
      return stop_.pending() == 0 && Clock::now() <= end;
    };
  }

  Cell solve(const SolverSpec& solver, double rtol) const {
    OdeOptions options = solver.options(tolerances(problem_, rtol));
    options.max_evaluations = s_.budget;
    options.max_steps = std::numeric_limits<int64_t>::max();
    const TimedSolution timed = timed_solve(problem_, problem_.times, options, until(s_.seconds));
    Cell cell{.solver = solver,
              .rtol = rtol,
              .counts = timed.solution.statistics,
              .seconds = timed.seconds,
              .reached = timed.reached};
    if (timed.stopped)
      cell.outcome = "out of time at t = " + number(timed.reached);
    else if (timed.solution.status != OdeStatus::success)
      cell.outcome = std::string(name(timed.solution.status)) + " at t = " + number(timed.reached);
    else if (reference_)
      cell.error = solution_error(problem_, *reference_, problem_.times, timed.solution.y);
    return cell;
  }

  // A solve at a very small tolerance, if possible by a method that is not compared.
  std::optional<Reference> tight_reference() const {
    struct Candidate {
      const char* method;
      double rtol;
    };
    const std::vector<Candidate> stiff = {{"radau5", 1e-11}, {"bdf", 1e-11}, {"dopri8", 1e-12}};
    const std::vector<Candidate> smooth = {{"dopri8", 1e-13}, {"tsit5", 1e-12}, {"dopri5", 1e-12}, {"radau5", 1e-11}};
    const auto compared = [&](const Candidate& c) {
      return std::any_of(solvers_.begin(), solvers_.end(), [&](const SolverSpec& i) { return i.method == c.method; });
    };
    std::vector<Candidate> candidates = problem_.stiff ? stiff : smooth;
    std::stable_partition(candidates.begin(), candidates.end(), [&](const Candidate& c) { return !compared(c); });
    for (const Candidate& c : candidates) {
      if (stop_.pending() != 0) break;
      SolverSpec solver = parse_solver_spec("--reference", c.method);
      if (!solver.corrector.empty() && problem_.y0[0].dim(-1) <= 200) solver.corrector = "newton";
      OdeOptions options = solver.options(tolerances(problem_, c.rtol));
      options.max_steps = std::numeric_limits<int64_t>::max();
      const TimedSolution timed = timed_solve(problem_, problem_.times, options, until(std::max(60.0, 4 * s_.seconds)));
      if (timed.stopped || timed.solution.status != OdeStatus::success) continue;
      Reference reference{.origin = solver.name() + " at rtol " + number(c.rtol) +
                                    ", since there is no closed form or stored solution"};
      for (size_t i = 1; i < problem_.times.size(); ++i) {
        reference.times.push_back(problem_.times[i]);
        reference.y.push_back(timed.solution.y[i][0].values());
      }
      return reference;
    }
    return std::nullopt;
  }

  std::string origin() const { return reference_ ? reference_->origin : "nothing, since no method reached the end"; }

  std::string table() const {
    const bool split = problem_.term.nonstiff != nullptr;
    std::string text = problem_.name + ", t = " + number(problem_.times.front()) + " to " +
                       number(problem_.times.back()) + "; errors against " + origin() + "\n\n" +
                       "| method | rtol | error | f |" + (split ? " non-stiff |" : "") +
                       " D f | Jacobians | products | LU | iterations | steps | rejected | seconds | |\n" +
                       (split ? "|---" : "") + "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
    for (const Cell& c : cells_) {
      const OdeStatistics& n = c.counts;
      text += "| " + c.solver.name() + " | " + number(c.rtol) + " | " + number(c.error);
      std::vector<int64_t> counts{n.evaluations};
      if (split) counts.push_back(n.nonstiff_evaluations);
      counts.insert(counts.end(),
                    {n.diagonals, n.jacobians, n.products, n.factorizations, n.iterations, n.accepted, n.rejected});
      for (const int64_t count : counts) text += " | " + std::to_string(count);
      text += " | " + number(c.seconds) + " | " + c.outcome + " |\n";
    }
    return text;
  }

  std::string json() const {
    nlohmann::ordered_json j{{"problem", problem_.name}, {"reference", origin()}};
    j["cells"] = nlohmann::ordered_json::array();
    for (const Cell& c : cells_)
      j["cells"].push_back({{"method", c.solver.method},
                            {"corrector", c.solver.corrector},
                            {"corrector_at_end", c.counts.corrector},
                            {"rtol", c.rtol},
                            {"outcome", c.outcome.empty() ? "success" : c.outcome},
                            {"t", c.reached},
                            {"error", c.error},
                            {"evaluations", c.counts.evaluations},
                            {"nonstiff_evaluations", c.counts.nonstiff_evaluations},
                            {"diagonals", c.counts.diagonals},
                            {"jacobians", c.counts.jacobians},
                            {"products", c.counts.products},
                            {"factorizations", c.counts.factorizations},
                            {"iterations", c.counts.iterations},
                            {"accepted", c.counts.accepted},
                            {"rejected", c.counts.rejected},
                            {"corrector_failures", c.counts.corrector_failures},
                            {"seconds", c.seconds}});
    j["files"] = files_;
    return j.dump() + "\n";
  }

  std::string written() const {
    std::string text;
    for (const std::string& file : files_) text += "written " + file + "\n";
    return text;
  }

  Panel panel(const std::string& what, bool legend, double (*work)(const Cell&)) const {
    Panel panel{.title = problem_.name, .x_label = what, .y_label = "error", .log_x = true, .log_y = true};
    for (const SolverSpec& solver : solvers_) {
      Line line{.label = legend ? solver.name() : "", .dots = true};
      for (const Cell& c : cells_)
        if (c.solver.name() == solver.name() && !std::isnan(c.error)) {
          line.x.push_back(work(c));
          line.y.push_back(std::max(c.error, 1e-16));  // so that an error of 0 can be drawn
        }
      panel.lines.push_back(std::move(line));
    }
    double low = 1, high = 1e-16;
    for (const Line& line : panel.lines)
      for (const double error : line.y) {
        low = std::min(low, error);
        high = std::max(high, error);
      }
    // Leaves space for the legend at the top.
    if (low < high)
      panel.y_limits =
          Limits{low / 2, 2 * high * std::pow(high / low, 0.06 * (1.0 + static_cast<double>(solvers_.size())))};
    return panel;
  }

  void write() {
    const std::string path = folder_.path() + "/table.md";
    write_result("race", "--out", [&] { write_atomically(path, as_bytes(table())); });
    files_ = {path};
    const Figure figure{.panels = {panel("evaluations of f", true,
                                         [](const Cell& c) { return static_cast<double>(c.counts.evaluations); }),
                                   panel("seconds", false, [](const Cell& c) { return c.seconds; })},
                        .columns = 2,
                        .panel_width = 600,
                        .panel_height = 480};
    for (std::string& file : write_figure(figure, folder_.figure("work-precision"), s_.common.figures))
      files_.push_back(std::move(file));
  }

  const StopSignals stop_;
  WorkPrecisionSettings s_;
  OdeProblem problem_;
  std::vector<SolverSpec> solvers_;
  std::vector<double> rtols_;
  RunFolder folder_;
  std::optional<Reference> reference_;
  std::vector<Cell> cells_;
  std::vector<std::string> files_;
};

}  // namespace

void add_race(App& app) {
  const auto s = std::make_shared<WorkPrecisionSettings>();
  Command& c = app.command("race", "compares error and work of several methods at several tolerances on one problem");
  c.example("race --problem hires --methods bdf/newton,dopri5 --rtols 1e-3..1e-8",
            "A work-precision diagram and its table");
  c.example("race --problem kepler --methods adams,dopri8 --out runs/kepler", "Two methods without stiffness");
  add_problem_source(c, s->source);
  c.section("Race");
  c.add("methods", s->methods, "comma-separated methods; implicit ones can have a corrector, such as bdf/newton")
      .placeholder = "A,B/C";
  c.add("rtols", s->rtols, "relative tolerances: a range by decades, or a list").placeholder = "X..X";
  c.add("budget", s->budget, "maximum number of evaluations of f for each solve", at_least_one);
  c.add("seconds", s->seconds, "maximum seconds for each solve", positive);
  c.add("reference", s->reference,
        "file of reference solutions; by default ivp_reference.json in $DIMWISE_DATA, or a solve at a small tolerance")
      .placeholder = "FILE";
  c.section("Run");
  add_out(c, s->common);
  add_figures(c, s->common);
  add_verbosity(c, s->common);
  add_json(c, s->common);
  c.does([s](const Command& self) { WorkPrecision(*s, self).run(); });
}

}  // namespace dimwise::app::ode
