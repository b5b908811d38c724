#include "apps/ode/fit/report.hpp"

#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/common/plot/write.hpp"
#include "apps/common/run/run_folder.hpp"
#include "apps/ode/fit/pictures.hpp"
#include "apps/ode/fit/scores.hpp"
#include "nn/io/bytes.hpp"

namespace dimwise::app::ode {

namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Scores& s, std::vector<double> Errors::*part) {
  return {{"learned", s.learned.*part}, {"stays", s.stays.*part}, {"linear", s.linear.*part}};
}

Json to_json(const Trajectories& data, const FitResult& result, const Scores& s) {
  return {{"step", result.step},
          {"best_step", result.best_step},
          {"best_validation_error", data.validation ? Json(result.best_error) : Json()},
          {"last_validation_error", data.validation ? Json(result.last_error) : Json()},
          {"checkpoint", result.checkpoint},
          {"held_out", data.held_out},
          {"validated", data.validated},
          {"observations", data.test.size()},
          {"components", data.test.columns},
          {"one_step", to_json(s, &Errors::one_step)},
          {"whole_path", to_json(s, &Errors::whole_path)}};
}

void print_errors(const Trajectories& data, const Scores& s, const char* title, std::vector<double> Errors::*part) {
  std::cout << fmt::format("{:<28}{:>12} {:>12} {:>12}\n", title, "learned", "stays", "linear");
  for (size_t i = 0; i < data.test.columns.size(); ++i)
    std::cout << fmt::format("  {:<26}{:>12.5g} {:>12.5g} {:>12.5g}\n", data.test.columns[i], (s.learned.*part)[i],
                             (s.stays.*part)[i], (s.linear.*part)[i]);
}

// The end of a forecast: `beyond` times the observed interval after the last observation.
double forecast_end(const Trajectories& data, const Segment& path, double beyond) {
  const double last = data.test.t[static_cast<size_t>(path.first + path.count - 1)];
  const double first = data.one_path ? data.train.t[0] : data.test.t[static_cast<size_t>(path.first)];
  return last + beyond * (last - first);
}

std::vector<std::string> write_files(const FitSettings& s, const Trajectories& data, const FitResult& result,
                                     const Json& eval) {
  constexpr size_t most_drawn = 4;  // paths
  const FitModel model = astype(result.model, DType::float64);
  const OdeOptions options = flow_options(s.solver).ode;
  std::vector<Forecast> forecasts, lines;
  for (const Segment& path : whole_paths(data.test)) {
    const double end = forecast_end(data, path, s.forecast);
    forecasts.push_back(forecast_observed(model, data.test, path, end, options));
    if (lines.size() < most_drawn) lines.push_back(forecast_line(model, data.test, path, end, options));
  }
  std::vector<std::string> files{result.folder + "/eval.json", result.folder + "/forecast.csv"};
  write_result("fit", "--out", [&] {
    write_atomically(files[0], as_bytes(eval.dump(2) + "\n"));
    save_forecasts(files[1], data.test, forecasts);
  });
  for (const auto& [name, figure] :
       {std::pair{"forecast", time_figure(data, lines)}, std::pair{"phase", phase_figure(model, data, lines)}})
    for (std::string& file : write_figure(figure, result_figure(result.folder, name), s.common.figures))
      files.push_back(std::move(file));
  return files;
}

}  // namespace

void report_fit(const FitSettings& s, const Trajectories& data, const FitResult& result) {
  const Scores all = scores(result.model, data.train, data.test, flow_options(s.solver).ode);
  Json eval = to_json(data, result, all);
  const std::vector<std::string> files = write_files(s, data, result, eval);
  if (s.common.json) {
    eval["files"] = files;
    std::cout << eval.dump() << '\n';
    return;
  }
  std::cout << "weights of step " << result.best_step;
  if (data.validation)
    std::cout << fmt::format(", chosen by the error on {}: {:.3g} standard deviations; the last have {:.3g}",
                             data.validated, result.best_error, result.last_error);
  std::cout << '\n';
  std::cout << "held out: " << data.held_out << "; root mean square errors in the units of the data\n";
  print_errors(data, all, "to the next observation", &Errors::one_step);
  print_errors(data, all, "from the first to all others", &Errors::whole_path);
  std::cout << result.step << " steps; saved " << result.checkpoint << '\n';
  for (const std::string& file : files) std::cout << file << '\n';
}

}  // namespace dimwise::app::ode
