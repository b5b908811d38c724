#include "apps/ode/experiment/tolerances.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

namespace dimwise::app::ode {

std::vector<AtTolerance> at_tolerances(Task& task, const AnyHollowNet& net, int64_t step,
                                       const std::vector<SolverSpec>& solvers, const std::vector<double>& tolerances,
                                       SolveLimits limits, int64_t batches) {
  std::vector<AtTolerance> all;
  for (const double tolerance : tolerances) {
    limits.rtol = limits.atol = tolerance;
    for (const SolverSpec& solver : solvers) {
      AtTolerance mean{.solver = solver.name(), .tolerance = tolerance, .batches = batches};
      const auto n = static_cast<double>(batches);
      for (int64_t i = 0; i < batches; ++i) {
        const Measurement m = measure(task, net, step + i, solver, limits);
        const auto count = [](const SolveOutcome& t) {
          return static_cast<double>(t.statistics.evaluations + t.statistics.diagonals);
        };
        mean.forward += count(m.forward) / n;
        mean.adjoint += count(m.adjoint) / n;
        mean.seconds += (m.forward.seconds + m.adjoint.seconds) / n;
        mean.unfinished += !m.gradient;
      }
      all.push_back(mean);
    }
  }
  return all;
}

std::string markdown(const std::vector<AtTolerance>& all) {
  std::string head = "| tolerance |", rule = "|---|", rows;
  for (size_t i = 0; i < all.size(); ++i) {
    const AtTolerance& a = all[i];
    if (a.tolerance == all[0].tolerance) {
      head += " " + a.solver + " |";
      rule += "---|";
    }
    if (i == 0 || a.tolerance != all[i - 1].tolerance)
      rows += fmt::format("{}| {:g} |", i == 0 ? "" : "\n", a.tolerance);
    rows += fmt::format(" {}{:.0f} ({:.0f} + {:.0f}), {:.3f} s |", a.unfinished > 0 ? "≥ " : "", a.forward + a.adjoint,
                        a.forward, a.adjoint, a.seconds);
  }
  return head + "\n" + rule + "\n" + rows + "\n";
}

std::string json(const std::vector<AtTolerance>& all) {
  auto list = nlohmann::ordered_json::array();
  for (const AtTolerance& a : all)
    list.push_back({{"solver", a.solver},
                    {"tolerance", a.tolerance},
                    {"forward", a.forward},
                    {"adjoint", a.adjoint},
                    {"seconds", a.seconds},
                    {"unfinished", a.unfinished},
                    {"batches", a.batches}});
  return list.dump();
}

}  // namespace dimwise::app::ode
