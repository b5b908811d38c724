#include "hollow/solve/root.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "hollow/solve/methods/iteration.hpp"

namespace dimwise {

using roots::Evaluator;
using roots::Outcome;
using roots::Point;
using roots::Solve;

namespace {

struct Entry {
  const char* name;
  std::unique_ptr<roots::Iteration> (*make)(const Solve&);
};
constexpr Entry table[] = {{"picard", roots::make_picard},
                           {"anderson", roots::make_anderson},
                           {"jacobi_newton", roots::make_jacobi_newton},
                           {"broyden", roots::make_broyden},
                           {"newton_krylov", roots::make_newton_krylov},
                           {"newton", roots::make_newton}};

const Entry& entry(const std::string& name) {
  for (const Entry& e : table)
    if (name == e.name) return e;
  std::string names;
  for (const Entry& e : table) names += (names.empty() ? "" : ", ") + std::string(e.name);
  fail<ValueError>("find_root", "there is no method '", name, "'. Choose one of: ", names, ".");
}

void check_arguments(const RootProblem& equation, const Tensor& y0, const RootOptions& o) {
  if (!equation.residual) fail<ValueError>("find_root", "the equation has no residual. Give F as a function of y.");
  if (y0.rank() == 0 || y0.size() == 0)
    fail<ShapeError>("find_root", "y0 has shape ", y0.shape(),
                     ". It must be (…, d), one system per row, and not empty.");
  if (!(o.rtol >= 0) || !(o.atol > 0))
    fail<ValueError>("find_root", "rtol = ", o.rtol, ", atol = ", o.atol,
                     ". rtol must not be negative, and atol must be positive.");
  if (!(o.ftol >= 0) || o.ftol >= 1)
    fail<ValueError>("find_root", "ftol = ", o.ftol, ". It must be at least 0 and below 1.");
  if (o.max_iterations < 1 || o.max_evaluations < 1 || o.memory < 1 || o.max_linear_iterations < 1)
    fail<ValueError>("find_root", "max_iterations = ", o.max_iterations, ", max_evaluations = ", o.max_evaluations,
                     ", memory = ", o.memory, ", max_linear_iterations = ", o.max_linear_iterations,
                     ". All must be at least 1.");
  if (!(o.damping > 0) || o.damping > 1)
    fail<ValueError>("find_root", "damping = ", o.damping, ". It must be above 0 and at most 1.");
  if (!(o.smallest_diagonal > 0))
    fail<ValueError>("find_root", "smallest_diagonal = ", o.smallest_diagonal, ". It must be positive.");
}

const char* reason(const RootSolution& s) {
  if (s.error <= 1 && s.residual_error > 1)
    return "the updates are small, but F is not. There may be no root; start elsewhere, or raise ftol if F is as small "
           "as "
           "its rounding error.";
  switch (s.status) {
    case RootStatus::max_iterations_reached:
      return "the iterations are exhausted. Raise max_iterations, loosen rtol and atol, or use a method that "
             "converges faster.";
    case RootStatus::budget_exhausted:
      return "the evaluations are exhausted. Raise max_evaluations or loosen rtol and atol.";
    case RootStatus::diverged:
      return "the corrections grow. Start closer, damp the updates, or use a method with a better Jacobian "
             "approximation.";
    case RootStatus::stalled:
      return "F or the corrections shrink too slowly, or not at all. Start elsewhere, since F may have a minimum here "
             "that is no root, use a method with a better Jacobian approximation, or loosen rtol and atol if they are "
             "near the rounding error.";
    case RootStatus::singular:
      return "the linearized equation has no solution, and F no direction of descent. Change y0; the root may be a "
             "multiple one.";
    case RootStatus::non_finite:
      return "F or an update is not finite. Start closer or damp the updates.";
    case RootStatus::converged:
      break;
  }
  return "";
}

std::string message(const RootSolution& s) {
  std::ostringstream text;
  text.precision(4);
  for (const RootAttempt& a : s.attempts)
    text << (&a == s.attempts.data() ? "" : "; then ") << a.method << " stopped (" << name(a.status) << ") after "
         << a.iterations << " iterations, theta = " << a.contraction;
  text << ". At the best iterate F has RMS " << s.residual;
  if (std::isfinite(s.residual_error)) text << ", which is " << s.residual_error << " times what a root may have";
  text << "; estimated error of y " << s.error << " tolerances after " << s.statistics.evaluations << " evaluations";
  if (s.statistics.guarded > 0) text << ", with " << s.statistics.guarded << " entries of the diagonal too close to 0";
  text << ": " << reason(s);
  return text.str();
}

// Runs one method after the other until one converges.
Point run_chain(const Tensor& y0, const Solve& solve, RootSolution& solution) {
  std::vector<std::string> chain{solve.options.method};
  chain.insert(chain.end(), solve.options.fallback.begin(), solve.options.fallback.end());
  for (const std::string& method : chain) entry(method);
  Point best;
  best.y = y0;
  solution.residual = solution.residual_error = solution.error = std::numeric_limits<double>::infinity();
  for (const std::string& method : chain) {
    const std::unique_ptr<roots::Iteration> made = entry(method).make(solve);
    Outcome outcome = roots::iterate(*made, best.y, solve);
    solution.attempts.push_back({method, outcome.status, outcome.iterations, outcome.contraction});
    solution.status = outcome.status;
    solution.contraction = outcome.contraction;
    solution.error = outcome.error;
    const bool found = outcome.status == RootStatus::converged;
    if (found || outcome.residual < solution.residual) {
      best = std::move(outcome.best);
      solution.residual = outcome.residual;
      solution.residual_error = outcome.residual_error;
    }
    if (found || solve.evaluator.exhausted()) break;
  }
  return best;
}

}  // namespace

RootSolution find_root(const RootProblem& equation, const Tensor& y0, const RootOptions& options) {
  check_arguments(equation, y0, options);
  const bool through = recording() && options.gradient == RootGradient::iterations;
  const bool implicit = recording() && options.gradient == RootGradient::implicit;
  Evaluator evaluator(equation, options, implicit);
  RootSolution solution;
  Point point;
  {
    const GradMode recorded(through);
    point = run_chain(through ? y0 : stop_gradient(y0), {options, evaluator}, solution);
  }
  const bool found = solution.status == RootStatus::converged;
  if (found && evaluator.wants_gradient()) {
    ImplicitOptions how = options.implicit;
    if (!how.diagonal.defined() && uses_krylov(how, point.y.dim(-1))) how.diagonal = evaluator.diagonal(point);
    solution.y = implicit_root(equation.residual, point.y, how);
    ++evaluator.statistics.evaluations;
  } else {
    solution.y = found && through ? point.y : stop_gradient(point.y);
  }
  solution.statistics = evaluator.statistics;
  if (!found) solution.message = message(solution);
  return solution;
}

RootSolution fixed_point(const Function& g, const Tensor& y0, const RootOptions& options, const Function& diagonal) {
  RootProblem equation;
  equation.residual = [&](const Tensor& y) { return y - g(y); };
  if (diagonal) equation.diagonal = [&](const Tensor& y) { return 1 - diagonal(y); };
  return find_root(equation, y0, options);
}

const std::vector<std::string>& root_methods() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Entry& e : table) all.emplace_back(e.name);
    return all;
  }();
  return names;
}

const char* name(RootStatus status) {
  switch (status) {
    case RootStatus::converged:
      return "converged";
    case RootStatus::max_iterations_reached:
      return "max_iterations_reached";
    case RootStatus::budget_exhausted:
      return "budget_exhausted";
    case RootStatus::diverged:
      return "diverged";
    case RootStatus::stalled:
      return "stalled";
    case RootStatus::singular:
      return "singular";
    case RootStatus::non_finite:
      return "non_finite";
  }
  return "unknown";
}

const RootSolution& value_or_throw(const RootSolution& solution) {
  if (solution.status != RootStatus::converged) fail<SolverError>("find_root", solution.message);
  return solution;
}

RootSolution value_or_throw(RootSolution&& solution) {
  value_or_throw(static_cast<const RootSolution&>(solution));
  return std::move(solution);
}

}  // namespace dimwise
