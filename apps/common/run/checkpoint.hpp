#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise::app {

/// All that a run needs to go on as if it had never stopped.
struct Checkpoint {
  int64_t step = 0;
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
  std::string path;                  ///< the file it was read from
  std::vector<std::string> skipped;  ///< newer files that could not be used, each with the reason
};

/// Reads one checkpoint file. Throws CheckpointError when it is missing, damaged, or has no step.
Checkpoint load_checkpoint(const std::string& path);

/// The checkpoint that `--resume` means: none for "", the newest that loads in the folder `out` for "auto" (none if
/// there is no checkpoint at all), otherwise that of a file or run folder.
///
/// Throws CheckpointError with the remedy when none of those that are there can be used, or a given path is not there.
std::optional<Checkpoint> find_checkpoint(const std::string& resume, const std::string& out);

/// What a command that uses the `thing` that a training left opens: the newest checkpoint of a run folder, or the file
/// given. Newer ones that could not be used are named on stderr.
///
/// Throws CheckpointError telling to run `<app> train`. Example: `trained_checkpoint(out, "trained flow",
/// "dimwise-cnf")`
Checkpoint trained_checkpoint(const std::string& path, const std::string& thing, const std::string& app);

/// `ckpt-<step>.safetensors`.
std::string checkpoint_name(int64_t step);

}  // namespace dimwise::app
