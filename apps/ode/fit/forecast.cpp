#include "apps/ode/fit/forecast.hpp"

#include <fmt/format.h>

#include "autodiff/context.hpp"
#include "nn/io/bytes.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::ode {

namespace {

constexpr int64_t points_beyond = 50, points_of_line = 300;

// `n` times after `from`, the last of them `to`.
void append_times(std::vector<double>& t, double from, double to, int64_t n) {
  for (int64_t i = 1; i <= n; ++i)
    t.push_back(i == n ? to : from + (to - from) * static_cast<double>(i) / static_cast<double>(n));
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? "\"\"" : std::string(1, c);
  return result + '"';
}

// A label in a text table, in quotes if it needs them.
std::string field(const std::string& text) {
  return text.find_first_of(",;\t\"\n") == std::string::npos ? text : quoted(text);
}

}  // namespace

Forecast forecast(const FitModel& model, const Observations& seen, const Segment& path, const std::vector<double>& t,
                  const OdeOptions& options) {
  const NoGrad guard;
  const Tensor start = model.units.forward(slice(seen.x, 0, path.first, path.first + 1));
  const OdeSolution s = value_or_throw(odeint(own_dynamics(model), {start}, own_times(model, t), options));
  std::vector<Tensor> x;
  for (const State& y : s.y) x.push_back(y[0]);
  return {path, t, model.units.inverse(concat(x, 0))};
}

Forecast forecast_observed(const FitModel& model, const Observations& seen, const Segment& path, double end,
                           const OdeOptions& options) {
  const auto begin = seen.t.begin() + path.first;
  std::vector<double> t(begin, begin + path.count);
  if (end > t.back()) append_times(t, t.back(), end, points_beyond);
  return forecast(model, seen, path, t, options);
}

Forecast forecast_line(const FitModel& model, const Observations& seen, const Segment& path, double end,
                       const OdeOptions& options) {
  std::vector<double> t{seen.t[static_cast<size_t>(path.first)]};
  append_times(t, t[0], end, points_of_line);
  return forecast(model, seen, path, t, options);
}

void save_forecasts(const std::string& file, const Observations& seen, const std::vector<Forecast>& forecasts) {
  std::string text = seen.path_labels.empty() ? "\"t\"" : "\"path\",\"t\"";
  for (const std::string& name : seen.columns) text += "," + quoted(name);
  text += '\n';
  for (const Forecast& f : forecasts) {
    const std::vector<double> x = f.x.values();
    const auto d = static_cast<size_t>(seen.d());
    const auto number = static_cast<size_t>(seen.path[static_cast<size_t>(f.path.first)]);
    for (size_t i = 0; i < f.t.size(); ++i) {
      if (!seen.path_labels.empty()) text += field(seen.path_labels[number]) + ",";
      text += fmt::format("{}", f.t[i]);
      for (size_t k = 0; k < d; ++k) text += fmt::format(",{}", x[i * d + k]);
      text += '\n';
    }
  }
  write_atomically(file, as_bytes(text));
}

}  // namespace dimwise::app::ode
