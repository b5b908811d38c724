#include "apps/ode/figures.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace dimwise::app::ode {

namespace {

constexpr int64_t most_lines = 8;  // as many as there are colors

// Component i of every state, flattened.
std::vector<double> component(const std::vector<State>& y, int64_t i) {
  std::vector<double> values;
  values.reserve(y.size());
  for (const State& state : y) values.push_back(state[0].values()[static_cast<size_t>(i)]);
  return values;
}

std::string name_of(const OdeProblem& p, int64_t i) {
  return p.components.empty() ? fmt::format("y{}", i + 1) : p.components[static_cast<size_t>(i)];
}

}  // namespace

std::string component_name(const OdeProblem& p, int64_t i) {
  const int64_t d = p.y0[0].dim(-1);
  const std::string name = name_of(p, i % d);
  return p.y0[0].size() == d ? name : fmt::format("{}_{}", name, i / d + 1);
}

Panel time_panel(const OdeProblem& p, const std::vector<double>& times, const std::vector<State>& y) {
  Panel panel{.title = p.name, .x_label = "t", .y_label = "y", .log_x = p.log_time, .log_y = p.log_time};
  const int64_t n = p.y0[0].size(), shown = std::min(n, most_lines);
  for (int64_t k = 0; k < shown; ++k) {
    const int64_t i = n <= most_lines ? k : k * (n - 1) / (most_lines - 1);  // spread over all
    panel.lines.push_back({{times.begin(), times.begin() + static_cast<std::ptrdiff_t>(y.size())},
                           component(y, i),
                           component_name(p, i)});
  }
  return panel;
}

Panel phase_panel(const OdeProblem& p, const std::vector<double>& times, const std::vector<State>& y) {
  const int64_t d = p.y0[0].dim(-1), rows = p.y0[0].size() / d;
  const std::string first = d == 1 && p.components.empty() ? "y" : name_of(p, 0);
  Panel panel{.title = p.name, .x_label = first, .y_label = d == 1 ? first + "'" : name_of(p, 1)};
  std::vector<State> slopes;
  if (d == 1)
    for (size_t i = 0; i < y.size(); ++i) slopes.push_back(p.term(scalar(times[i], DType::float64), y[i]));
  for (int64_t row = 0; row < rows; ++row)
    panel.lines.push_back({component(y, row * d), d == 1 ? component(slopes, row) : component(y, row * d + 1)});
  return panel;
}

}  // namespace dimwise::app::ode
