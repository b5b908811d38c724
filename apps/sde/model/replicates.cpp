#include "apps/sde/model/replicates.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/common/run/run_folder.hpp"
#include "autodiff/context.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"

namespace dimwise::app::sde {

namespace {

// The number of observations, and a batch that is reduced to it, depend on the paths that are drawn.
void check_same_fit(const SavedRun& fit, SavedRun replicate) {
  FitSettings wanted = fit.settings, &own = replicate.settings;
  own.data.bootstrap = wanted.data.bootstrap;
  own.observations = wanted.observations;
  own.common.batch_size = wanted.common.batch_size;
  const std::string other =
      setting_differences(saved_settings(saved_command(own)), saved_settings(saved_command(wanted)));
  if (!other.empty())
    fail<CheckpointError>("replicates", replicate.path, " is of another fit than ", fit.path, ": ", other,
                          ". Delete the folder replicates, and run dimwise-sde bootstrap again.");
}

}  // namespace

std::string replicate_folder(const std::string& out, int64_t number) {
  return result_folder(out) + "/replicates/" + std::to_string(number);
}

FitSettings replicate_settings(const SavedRun& fit, const std::string& out, int64_t number) {
  FitSettings s = fit.settings;
  s.data.bootstrap = number;
  s.common.out = replicate_folder(out, number);
  s.common.steps = fit.step;
  s.common.resume = "auto";
  return s;
}

std::vector<Sde> load_replicates(const SavedRun& fit, const std::string& out) {
  std::vector<Sde> all;
  for (int64_t number = 1; std::filesystem::exists(replicate_folder(out, number)); ++number) {
    const auto checkpoint = find_checkpoint("auto", replicate_folder(out, number));
    if (!checkpoint || checkpoint->step < fit.step) continue;  // interrupted
    SavedRun replicate = load_run(checkpoint->path);
    all.push_back(equation(astype(replicate.model, DType::float64)));
    check_same_fit(fit, replicate);
  }
  return all;
}

Tensor standard_errors(const std::vector<Sde>& replicates, SdeCoefficient Sde::*which, const Tensor& t,
                       const Tensor& x) {
  const NoGrad guard;
  const auto n = static_cast<double>(replicates.size());
  std::vector<Tensor> values;
  Tensor mean = zeros_like(x), squares = mean;
  for (const Sde& each : replicates) {
    values.push_back((each.*which)(t, x, 0)[0]);
    mean = mean + values.back() / n;
  }
  for (const Tensor& v : values) squares = squares + square(v - mean);
  return sqrt(squares / (n - 1));
}

}  // namespace dimwise::app::sde
