#include "apps/common/cli/solver_settings.hpp"

#include <fmt/format.h>

namespace dimwise::app {

void add_integrator(Command& command, SolverSettings& s) {
  command.section("Solver")
      .add_choice("method", s.method, ode_method_names(),
                  fmt::format("the ODE method: {}", fmt::join(ode_method_names(), ", ")))
      .placeholder = "NAME";
  command.add_choice("corrector", s.corrector, corrector_names(), "how implicit methods solve their equations");
  command.add("rtol", s.rtol, "relative tolerance of adaptive methods", positive);
  command.add("atol", s.atol, "absolute tolerance of adaptive methods", positive);
  command.add("solver-steps", s.solver_steps,
              "equal steps instead of error control; 0 for control (and 20 for methods without it)", not_negative);
  command
      .add("max-evaluations", s.max_evaluations, "evaluations of the dynamics after which a solve is given up",
           at_least_one)
      .not_in_checkpoint();
}

void add_solver(Command& command, SolverSettings& s) {
  add_integrator(command, s);
  command.add_choice("trace", s.trace, trace_names(), "how tr df/dx is computed");
}

void add_gradient(Command& command, SolverSettings& s) {
  command.add_choice("gradient", s.gradient, std::vector<std::string>{"direct", "checkpointed", "adjoint"},
                     "through the solver's steps, or by a second solve backwards in less memory");
}

FlowOptions flow_options(const SolverSettings& s) {
  FlowOptions options;
  options.trace = parse_trace(s.trace);
  options.ode = {.method = s.method,
                 .rtol = s.rtol,
                 .atol = s.atol,
                 .steps = s.solver_steps,
                 .implicit = {.corrector = s.corrector}};
  options.ode.on_step = [most = s.max_evaluations](const OdeStep& step) {
    if (step.statistics.evaluations > most)
      fail<SolverError>("--max-evaluations", step.statistics.evaluations,
                        " evaluations of the dynamics brought a solve to t = ", step.t, ", but it may take ", most,
                        ". Raise --max-evaluations, or loosen --rtol and --atol.");
    return true;
  };
  if (s.gradient == "adjoint") options.ode.gradient = OdeGradient::adjoint;
  if (s.gradient == "checkpointed") options.ode.gradient = OdeGradient::checkpointed;
  if (!is_adaptive(s.method) && s.solver_steps == 0) options.ode.steps = 20;
  return options;
}

}  // namespace dimwise::app
