#include "apps/ode/solver_spec.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cli/suggest.hpp"
#include "autodiff/context.hpp"

namespace dimwise::app::ode {

namespace {

void check_name(const std::string& flag, const char* kind, const std::string& name,
                const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  const std::string guess = did_you_mean(name, names);
  fail<UsageError>(flag.c_str(), "there is no ", kind, " \"", name, "\". ", guess, guess.empty() ? "" : " ",
                   fmt::format("There are {}.", fmt::join(names, ", ")));
}

}  // namespace

OdeOptions SolverSpec::options(OdeOptions options) const {
  options.method = method;
  if (!corrector.empty()) options.implicit.corrector = corrector;
  return options;
}

SolverSpec parse_solver_spec(const std::string& flag, const std::string& text) {
  const size_t slash = text.find('/');
  SolverSpec result{.method = text.substr(0, slash)};
  check_name(flag, "method", result.method, ode_method_names());
  if (slash != std::string::npos) {
    result.corrector = text.substr(slash + 1);
    check_name(flag, "corrector", result.corrector, corrector_names());
    if (!is_implicit(result.method))
      fail<UsageError>(flag.c_str(), result.method, " is explicit and has no corrector. Write ", result.method,
                       " alone.");
  } else if (is_implicit(result.method)) {
    result.corrector = "automatic";
  }
  return result;
}

double processor_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

TimedSolution timed_solve(const OdeProblem& problem, const std::vector<double>& times, const OdeOptions& options,
                          std::function<bool(const OdeStep&)> on_step) {
  const NoGrad guard;
  TimedSolution result;
  OdeOptions watched = options;
  watched.on_step = std::move(on_step);
  const double start = processor_seconds();
  result.solution = odeint(problem.term, problem.y0, times, watched);
  result.seconds = processor_seconds() - start;
  result.stopped = result.solution.status == OdeStatus::stopped;
  result.reached = result.solution.grid.empty() ? times.front() : result.solution.grid.back();
  return result;
}

}  // namespace dimwise::app::ode
