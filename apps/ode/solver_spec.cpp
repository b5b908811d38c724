#include "apps/ode/solver_spec.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cli/suggest.hpp"
#include "autodiff/context.hpp"

namespace dimwise::app {

namespace {

void check_name(const std::string& flag, const char* kind, const std::string& name,
                const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  const std::string guess = did_you_mean(name, names);
  fail<UsageError>(flag.c_str(), "there is no ", kind, " \"", name, "\". ", guess, guess.empty() ? "" : " ",
                   fmt::format("There are {}.", fmt::join(names, ", ")));
}

bool finite(const State& y) {
  for (const Tensor& part : y)
    for (const double v : part.values())
      if (!std::isfinite(v)) return false;
  return true;
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
                          const std::function<bool()>& stop) {
  const NoGrad guard;
  TimedSolution result;
  // A step with NaN fails, so the solver stops with the solution so far.
  const auto halted = [&] { return result.stopped = result.stopped || stop(); };
  const auto spoil = [](State state) {
    for (Tensor& part : state)
      if (part.defined()) part = full(part.shape(), std::numeric_limits<double>::quiet_NaN(), part.dtype());
    return state;
  };
  const auto watched = [&](const VectorField& f) -> VectorField {
    return [&](const Tensor& t, const State& y) { return halted() ? spoil(f(t, y)) : f(t, y); };
  };
  OdeTerm term = problem.term;
  term.f = watched(problem.term.f);
  if (problem.term.nonstiff) term.nonstiff = watched(problem.term.nonstiff);
  if (problem.term.with_diagonal)
    term.with_diagonal = [&](const Tensor& t, const State& y) {
      ValueAndDiagonal both = problem.term.with_diagonal(t, y);
      return halted() ? ValueAndDiagonal{spoil(both.f), both.d} : both;
    };
  const double start = processor_seconds();
  result.solution = odeint(term, problem.y0, times, options);
  result.seconds = processor_seconds() - start;
  if (result.stopped)
    while (!finite(result.solution.y.back())) result.solution.y.pop_back();
  result.reached = result.solution.grid.empty() ? times.front() : result.solution.grid.back();
  return result;
}

}  // namespace dimwise::app
