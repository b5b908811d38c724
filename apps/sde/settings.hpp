#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "apps/common/cli/cli.hpp"
#include "apps/common/cli/common_flags.hpp"
#include "apps/sde/data/dataset.hpp"
#include "apps/sde/model.hpp"

namespace dimwise::app::sde {

/// All that the user sets of a fit.
struct FitSettings {
  CommonFlags common{.steps = 6000,
                     .batch_size = 1024,
                     .lr = 1e-2,
                     .data = "double-well",
                     .out = "runs/sde",
                     .checkpoint_every = 1000,
                     .log_every = 50,
                     .eval_every = 500};
  DataSettings data;
  ModelSettings model;
  std::string names, columns, transform = "none";  ///< of a file
  std::string diffusion;  ///< of each component, `learned` or its value; empty for what is known of a built-in system
  std::string method = "fokker-planck", fit = "two-stage";
  std::string residual = "weak", space = "log-p", points = "both";
  double lambda = 1, lambda_ramp = 0.2, density_share = 0.45;
  double minutes = 0, clip = 10;
  int64_t warm_up = 100;
};

/// Adds the settings of a fit to a command, all but those of its run folder.
void add_fit(Command& command, FitSettings& settings);
/// And those of its run folder.
void add_run(Command& command, FitSettings& settings);

/// The settings on which the numbers of a fit depend, by flag.
nlohmann::ordered_json to_json(const FitSettings& settings);
/// The same back. Throws CheckpointError naming `where` if they were not written by dimwise-sde train.
FitSettings fit_settings(const std::string& json, const std::string& where);

/// What is to be read and simulated, and what the model is made of.
DataSettings data_settings(const FitSettings& settings);
ModelSettings model_settings(const FitSettings& settings);

/// What is known of each g_i. Throws UsageError where --diffusion does not fit the data.
std::vector<std::optional<double>> known_diffusion(const FitSettings& settings, const Dataset& data);

}  // namespace dimwise::app::sde
