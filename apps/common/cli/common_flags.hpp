#pragma once

#include "apps/common/cli/cli.hpp"
#include "apps/common/plot/write.hpp"
#include "autodiff/tensor.hpp"

namespace dimwise::app {

/// The settings that mean the same in every app. A command adds only those that it uses.
struct CommonFlags {
  int64_t seed = 0;
  int64_t steps = 1000;
  double minutes = 0;  ///< 0 to end by steps
  int64_t batch_size = 128;
  int64_t threads = 1;
  double lr = 1e-3;
  std::string out = {};
  std::string resume = {};
  bool overwrite = false;
  int64_t checkpoint_every = 500;
  int64_t log_every = 10;
  int64_t eval_every = 500;
  bool quiet = false;
  bool verbose = false;
  bool no_progress = false;
  bool debug_nans = false;
  bool json = false;
  FigureSettings figures = {};
};

void add_seed(Command& command, int64_t& seed);
/// `--steps` and `--minutes`.
void add_steps(Command& command, CommonFlags& flags);
void add_batch_size(Command& command, int64_t& batch_size);
/// `--threads`; `help` says what depends on it. The default is 1, so that the results do not depend on the number of
/// cores of the machine.
Setting& add_threads(Command& command, CommonFlags& flags, const std::string& help);
void add_lr(Command& command, CommonFlags& flags);
void add_dtype(Command& command, DType& dtype);
/// `--data`; `help` lists its values.
void add_data(Command& command, std::string& data, const std::string& help);
void add_out(Command& command, CommonFlags& flags);
/// The section of a training run: `--out`, `--resume [auto|PATH]`, `--overwrite`, `--checkpoint-every`, verbosity and
/// `--json`. config.toml has neither `resume` nor `overwrite`.
void add_run(Command& command, CommonFlags& flags);
void add_log_every(Command& command, CommonFlags& flags);
void add_eval_every(Command& command, CommonFlags& flags);
/// `--quiet`, `--verbose` and `--no-progress`.
void add_verbosity(Command& command, CommonFlags& flags);
/// `--no-progress` alone, for commands that say nothing else.
void add_progress(Command& command, CommonFlags& flags);
void add_debug_nans(Command& command, CommonFlags& flags);
void add_json(Command& command, CommonFlags& flags);
/// `--format` and `--dpi` of figures.
void add_figures(Command& command, CommonFlags& flags);

}  // namespace dimwise::app
