#include "apps/ode/experiment/figure.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "apps/common/report/metrics.hpp"

namespace dimwise::app::ode {

namespace {

using Curve = std::function<std::vector<double>(const std::string& solver)>;

Panel panel(const Record& record, const std::vector<std::string>& solvers, const std::string& title,
            const std::string& unit, const Curve& curve) {
  Panel p{.title = title, .x_label = "iteration", .y_label = unit};
  double highest = 0;
  for (const std::string& solver : solvers) {
    p.lines.push_back({record.step, curve(solver), solver});
    for (const double y : p.lines.back().y) highest = std::max(highest, y);
  }
  p.y_limits = Limits{0, highest * (1.1 + 0.1 * static_cast<double>(solvers.size()))};  // with space for the legend
  return p;
}

// Limits of a logarithmic axis, with space for the legend.
Limits spread(const std::vector<Line>& lines) {
  Limits l{1e300, 0};
  for (const Line& line : lines)
    for (const double y : line.y)
      if (y > 0) l = {std::min(l.low, y), std::max(l.high, y)};
  return {l.low, l.high * std::pow(l.high / l.low, 0.4)};
}

std::vector<double> cumulative_sum(std::vector<double> values) {
  double total = 0;
  for (double& v : values) v = total += std::isnan(v) ? 0 : v;
  return values;
}

// The curve without its outliers.
std::vector<double> smooth(const std::vector<double>& values) { return median_filter(values, 2, 2); }

}  // namespace

Figure experiment_figure(const Record& record, const std::vector<std::string>& solvers, const std::string& loss_name) {
  const auto counts = [&](const std::string& title, const std::string& phase, auto count) {
    return panel(record, solvers, title, "an iteration",
                 [&, phase, count](const std::string& solver) { return smooth(count(record, solver, phase)); });
  };
  Figure figure{.columns = 3};
  figure.panels.push_back(counts("evaluations of f and of D f, forward", "forward", f_and_d));
  figure.panels.push_back(counts("evaluations of f and of D f, adjoint", "adjoint", f_and_d));
  figure.panels.push_back(
      panel(record, solvers, "evaluations of f and of D f, both", "an iteration", [&](const std::string& solver) {
        return smooth(added(f_and_d(record, solver, "forward"), f_and_d(record, solver, "adjoint")));
      }));
  figure.panels.push_back(
      panel(record, solvers, "evaluations of f alone, both", "an iteration", [&](const std::string& solver) {
        return smooth(added(f_alone(record, solver, "forward"), f_alone(record, solver, "adjoint")));
      }));
  figure.panels.push_back(
      panel(record, solvers, "cumulative processor time", "seconds", [&](const std::string& solver) {
        return cumulative_sum(added(record.at(solver + " forward seconds"), record.at(solver + " adjoint seconds")));
      }));
  Panel model{.title = "stiffness and loss of the model",
              .x_label = "iteration",
              .lines = {{record.step, smooth(record.at("loss")), loss_name},
                        {record.step, smooth(record.at("rate")), "ρ(J)"},
                        {record.step, smooth(record.at("contraction")), "contraction"}},
              .log_y = true};
  model.y_limits = spread(model.lines);
  figure.panels.push_back(model);
  return figure;
}

}  // namespace dimwise::app::ode
