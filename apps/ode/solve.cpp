#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/plot/write.hpp"
#include "apps/common/run/progress.hpp"
#include "apps/common/run/run_folder.hpp"
#include "apps/common/run/signals.hpp"
#include "apps/ode/commands.hpp"
#include "apps/ode/figures.hpp"
#include "apps/ode/problem_source.hpp"
#include "apps/ode/solver_spec.hpp"
#include "nn/io/csv.hpp"

namespace dimwise::app::ode {

namespace {

struct SolveSettings {
  CommonFlags common{.out = "runs/ode", .figures = {.formats = {Format::svg, Format::png}}};
  ProblemSource source;
  std::string method = "automatic", corrector = "automatic", reference = {};
  double rtol = 1e-6, atol = 0, dt = 0;
  int64_t points = 200, solver_steps = 0, max_steps = 1000000, max_evaluations = 0;
};

// Output times: those of the problem, for which references exist, and `points` more between them.
std::vector<double> output_times(const OdeProblem& p, int64_t points) {
  const double t0 = p.times.front(), t1 = p.times.back();
  if (t0 == t1) return p.times;
  std::vector<double> times = p.times;
  const double first = p.log_time ? p.times[1] * 1e-4 : 0;
  for (int64_t i = 1; i < points; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(points);
    times.push_back(p.log_time ? first * std::pow(t1 / first, share) : t0 + (t1 - t0) * share);
  }
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  if (t1 < t0) std::reverse(times.begin(), times.end());
  return times;
}

// The times at which a solution is drawn: the ends of its steps, which are dense where it changes fast, and times
// between them.
std::vector<double> drawn_times(const std::vector<double>& grid) {
  constexpr size_t wanted = 2000, most_between = 8;
  const size_t steps = grid.size() - 1, stride = (steps + wanted - 1) / wanted;
  const size_t between = std::clamp<size_t>(wanted / steps, 1, most_between);
  std::vector<double> times;
  for (size_t i = 0; i < steps; i += stride) {
    const double end = grid[std::min(i + stride, steps)];
    for (size_t j = 0; j < between; ++j)
      times.push_back(grid[i] + (end - grid[i]) * static_cast<double>(j) / static_cast<double>(between));
  }
  times.push_back(grid.back());
  return times;
}

// The progress line of a solve that takes longer than a moment. How many steps are left is estimated from the time of
// the solution, or its logarithm.
class SolveProgress {
 public:
  SolveProgress(const OdeProblem& problem, ProgressStyle style) : problem_(problem), progress_(1, 0, style) {}

  void update(const OdeStep& step) {
    constexpr std::chrono::seconds moment{2};
    if (std::chrono::steady_clock::now() - start_ < moment) return;
    const double t0 = problem_.times.front(), t1 = problem_.times.back(), first = problem_.times[1] * 1e-4;
    const double share = problem_.log_time ? std::log(std::max(step.t, first) / first) / std::log(t1 / first)
                                           : (step.t - t0) / (t1 - t0);
    const int64_t steps = step.statistics.accepted + step.statistics.rejected;
    progress_.expect(share > 0 ? std::max<int64_t>(steps, std::llround(static_cast<double>(steps) / share)) : steps);
    progress_.update({.step = steps,
                      .evaluations_forward = step.statistics.evaluations,
                      .more = fmt::format("t {:.4g}, dt {:.2g}", step.t, step.dt)});
  }

 private:
  const OdeProblem& problem_;
  Progress progress_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

class Solve {
 public:
  Solve(const SolveSettings& s, const Command& self)
      : s_(s),
        problem_(load_problem(s.source)),
        solver_(choose()),
        reference_(find_reference(problem_, s.reference)),
        folder_(s.common.out, self) {}

  void run() {
    const std::vector<double> times = output_times(problem_, s_.points);
    {
      SolveProgress progress(problem_, progress_style(s_.common.quiet, false));
      result_ = timed_solve(problem_, times, options(), [&](const OdeStep& step) {
        progress.update(step);
        return stop_.pending() == 0;
      });
    }
    write(times);
    report(times);
    const OdeSolution& solution = result_.solution;
    if (stop_.pending() != 0)
      throw Interrupted(stop_.pending(), "stopped at t = " + number(result_.reached) + "; the solution so far is in " +
                                             folder_.path() + ". Repeat the command to solve again.");
    if (solution.status == OdeStatus::non_finite) throw Diverged("[solve] " + words(solution));
    if (solution.status != OdeStatus::success) fail<Error>("solve", words(solution));
    if (!solution.advice.empty() && !s_.common.quiet) std::cerr << "dimwise-ode: advice: " << solution.advice << '\n';
  }

 private:
  static std::string number(double x) { return fmt::format("{:.6g}", x); }

  static std::string words(const OdeSolution& solution) {
    return std::string(name(solution.status)) + ": " + solution.message;
  }

  SolverSpec choose() const {
    std::string method = s_.method;
    if (method == "automatic") method = problem_.stiff ? "bdf" : "dopri5";
    SolverSpec chosen = parse_solver_spec("--method", method);
    if (s_.corrector != "automatic") chosen = parse_solver_spec("--corrector", chosen.method + "/" + s_.corrector);
    if (!is_adaptive(chosen.method) && s_.dt == 0 && s_.solver_steps == 0)
      fail<UsageError>("--method", chosen.method,
                       " has fixed steps. Give their length by --dt or their number between "
                       "output times by --solver-steps.");
    return chosen;
  }

  OdeOptions options() const {
    OdeOptions options = solver_.options(tolerances(problem_, s_.rtol));
    if (s_.atol > 0) {
      options.atol = s_.atol;
      options.atols.clear();
    }
    options.dt = s_.dt;
    options.steps = s_.solver_steps;
    options.max_steps = s_.max_steps;
    if (s_.max_evaluations > 0) options.max_evaluations = s_.max_evaluations;
    return options;
  }

  void write(const std::vector<double>& times) {
    const std::vector<State>& y = result_.solution.y;
    const int64_t n = problem_.y0[0].size();
    std::vector<std::string> columns{"t"};
    for (int64_t i = 0; i < n; ++i) columns.push_back(component_name(problem_, i));
    std::vector<double> rows;
    for (size_t i = 0; i < y.size(); ++i) {
      rows.push_back(times[i]);
      for (const double v : y[i][0].values()) rows.push_back(v);
    }
    const std::string path = folder_.path() + "/trajectory.csv";
    write_result("solve", "--out", [&] {
      save_csv(path, columns, tensor(rows, {static_cast<int64_t>(y.size()), n + 1}, DType::float64));
    });
    files_ = {path};
    const auto [drawn, states] = drawn_solution(times);
    for (const auto& [name, panel] : {std::pair{"time", time_panel(problem_, drawn, states)},
                                      std::pair{"phase", phase_panel(problem_, drawn, states)}})
      for (std::string& file : write_figure({.panels = {panel}, .columns = 1}, folder_.figure(name), s_.common.figures))
        files_.push_back(std::move(file));
  }

  // Output times can miss jumps. So the problem is solved again with output at the ends of its steps, which adaptive
  // methods take wherever outputs are, or shorter ones.
  std::pair<std::vector<double>, std::vector<State>> drawn_solution(const std::vector<double>& times) const {
    constexpr double soon = 10;  // seconds
    const bool steps_stay = is_adaptive(solver_.method) && s_.solver_steps == 0;
    if (result_.solution.status == OdeStatus::success && steps_stay && result_.seconds < soon &&
        result_.solution.grid.size() > 1) {
      const std::vector<double> drawn = drawn_times(result_.solution.grid);
      TimedSolution again =
          timed_solve(problem_, drawn, options(), [&](const OdeStep&) { return stop_.pending() == 0; });
      if (again.solution.y.size() == drawn.size()) return {drawn, std::move(again.solution.y)};
    }
    return {times, result_.solution.y};
  }

  void report(const std::vector<double>& times) {
    const OdeSolution& solution = result_.solution;
    const OdeStatistics& n = solution.statistics;
    const double error = reference_ ? solution_error(problem_, *reference_, times, solution.y) : NAN;
    nlohmann::ordered_json j{{"problem", problem_.name},
                             {"method", solver_.method},
                             {"corrector", n.corrector},
                             {"rtol", s_.rtol},
                             {"status", result_.stopped ? "interrupted" : name(solution.status)},
                             {"message", solution.message},
                             {"advice", solution.advice},
                             {"t", result_.reached},
                             {"evaluations", n.evaluations},
                             {"nonstiff_evaluations", n.nonstiff_evaluations},
                             {"diagonals", n.diagonals},
                             {"jacobians", n.jacobians},
                             {"products", n.products},
                             {"factorizations", n.factorizations},
                             {"iterations", n.iterations},
                             {"accepted", n.accepted},
                             {"rejected", n.rejected},
                             {"corrector_failures", n.corrector_failures},
                             {"seconds", result_.seconds},
                             {"error", error},
                             {"reference", std::isnan(error) ? "" : reference_->origin},
                             {"y", solution.y.back()[0].values()},
                             {"files", files_}};
    folder_.metrics(0, {{"evaluations", static_cast<double>(n.evaluations)},
                        {"accepted", static_cast<double>(n.accepted)},
                        {"seconds", result_.seconds},
                        {"error", error}});
    folder_.log(problem_.name + " by " + solver_.name() + ": " + j["status"].get<std::string>());
    if (s_.common.json) {
      std::cout << j.dump() << '\n';
      return;
    }
    const auto line = [](const std::string& what, const std::string& value) {
      std::cout << what << std::string(20 - what.size(), ' ') << value << '\n';
    };
    line("problem", problem_.name + ": " + problem_.title);
    line("method",
         solver_.method + (n.corrector.empty() ? "" : ", corrector " + n.corrector) + ", rtol " + number(s_.rtol));
    line("status", j["status"].get<std::string>() + " at t = " + number(result_.reached));
    line("evaluations of f", fmt::format("{}, of D f {}", n.evaluations, n.diagonals) +
                                 (problem_.term.nonstiff ? fmt::format(", non-stiff {}", n.nonstiff_evaluations) : ""));
    line("Jacobians", fmt::format("{}, products {}, factorizations {}", n.jacobians, n.products, n.factorizations));
    line("iterations", std::to_string(n.iterations));
    line("steps", fmt::format("{} accepted, {} rejected, {} of them by the corrector", n.accepted, n.rejected,
                              n.corrector_failures));
    line("seconds", number(result_.seconds));
    line("error", std::isnan(error) ? "unknown: there is no closed form and no reference"
                                    : number(error) + " against " + reference_->origin);
    for (const std::string& file : files_) line("written", file);
  }

  const StopSignals stop_;
  SolveSettings s_;
  OdeProblem problem_;
  SolverSpec solver_;
  std::optional<Reference> reference_;
  RunFolder folder_;
  TimedSolution result_;
  std::vector<std::string> files_;
};

}  // namespace

void add_solve(App& app) {
  const auto s = std::make_shared<SolveSettings>();
  Command& c = app.command("solve", "solves a named problem or trained dynamics: trajectory, counts, pictures");
  c.example("solve --problem robertson --method bdf --corrector newton --rtol 1e-8", "A stiff problem to 1e11");
  c.example("solve --problem cubic-spiral --points 1000 --out runs/spiral", "A fine trajectory, and its pictures");
  c.example("solve --field \"x' = y; y' = mu*(1-x^2)*y - x\" --param mu=5 --init x=2,y=0 --t1 30",
            "Your own equations");
  c.example("solve --model runs/moons --method adams --corrector jacobi_newton", "The dynamics of a trained flow");
  add_problem_source(c, s->source);
  c.section("Solver");
  c.add("method", s->method,
        fmt::format("{}; automatic is bdf for stiff problems, dopri5 for others", fmt::join(ode_method_names(), ", ")))
      .placeholder = "NAME";
  c.add_choice("corrector", s->corrector, corrector_names(), "solves the equations of implicit methods");
  c.add("rtol", s->rtol, "relative tolerance", positive);
  c.add("atol", s->atol, "absolute tolerance; 0 for that of the problem, a multiple of rtol", not_negative);
  c.add("dt", s->dt, "first step of adaptive methods, 0 for automatic; maximum step of the others", not_negative);
  c.add("solver-steps", s->solver_steps, "equal steps between output times, instead of error control; 0 for none",
        not_negative);
  c.add("max-steps", s->max_steps, "maximum number of attempted steps", at_least_one);
  c.add("max-evaluations", s->max_evaluations, "maximum number of evaluations of f; 0 for no limit", not_negative);
  c.section("Run");
  c.add("points", s->points, "output times between start and end, in addition to those of the problem", at_least_one);
  c.add("reference", s->reference, "file of reference solutions; by default ivp_reference.json in $DIMWISE_DATA")
      .placeholder = "FILE";
  add_out(c, s->common);
  add_figures(c, s->common);
  c.add("quiet", s->common.quiet, "print only errors and results");
  add_json(c, s->common);
  c.does([s](const Command& self) { Solve(*s, self).run(); });
}

}  // namespace dimwise::app::ode
