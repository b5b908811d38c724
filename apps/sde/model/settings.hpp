#pragma once

#include <string>

#include "apps/common/cli/cli.hpp"
#include "apps/common/cli/common_flags.hpp"
#include "apps/sde/data/dataset.hpp"
#include "apps/sde/model/model.hpp"

namespace dimwise::app::sde {

/// The settings of a fit.
struct FitSettings {
  CommonFlags common{.steps = 6000,
                     .batch_size = 1024,
                     .lr = 1e-2,
                     .out = "runs/sde",
                     .checkpoint_every = 1000,
                     .log_every = 50,
                     .eval_every = 500};
  DataSettings data;
  ModelSettings model;
  TableSettings table;             ///< of a file
  std::string transform = "none";  ///< of a file
  std::string
      diffusion;  ///< of each component, `learned` or its value; empty for the known values of a built-in system
  std::string method = "fokker-planck", fit = "two-stage";
  std::string residual = "weak", space = "log-p", points = "both";
  double lambda = 1, lambda_ramp = 0.2, density_share = 0.45;
  double clip = 10;
  int64_t warm_up = 100;
  std::string sha256;        ///< of the file that it was trained on
  int64_t observations = 0;  ///< all of them; the seed splits their paths
};

/// Adds the settings of a fit to a command.
void add_settings(Command& command, FitSettings& settings);
/// `dimwise-sde train` with these settings.
Command train_command(FitSettings& settings);
/// The same with those that follow from the data.
Command saved_command(FitSettings& settings);

/// The source of the observations.
DataSettings data_settings(const FitSettings& settings);

/// The known g_i. Throws UsageError if --diffusion does not match the data.
std::vector<std::optional<double>> known_diffusion(const FitSettings& settings, const Dataset& data);

}  // namespace dimwise::app::sde
