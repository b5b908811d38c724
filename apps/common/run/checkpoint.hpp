#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise::app {

/// The full state of a run: a resumed run equals an uninterrupted one.
struct Checkpoint {
  int64_t step = 0;
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
  std::string path;                  ///< the file it was read from
  std::vector<std::string> skipped;  ///< newer files that could not be read, each with the reason
};

/// Reads one checkpoint file. Throws CheckpointError when it is missing, damaged (its SHA-256 is another), or has no
/// step.
Checkpoint load_checkpoint(const std::string& path);
/// Writes one, with the SHA-256 of its contents in the metadata. Throws DataError if writing fails.
void save_checkpoint(const std::string& path, const std::map<std::string, Tensor>& tensors,
                     std::map<std::string, std::string> metadata);

/// The checkpoint that `--resume` names: none for "", for "auto" the newest readable one in the folder `out` (none if
/// the folder has no checkpoints), otherwise that of a file or a run folder.
///
/// Throws CheckpointError if no checkpoint of a folder can be read, or if the path does not exist.
std::optional<Checkpoint> find_checkpoint(const std::string& resume, const std::string& out);

/// The checkpoint of a trained `thing`: the newest readable one of a run folder, or a file. Warns on stderr about newer
/// ones that cannot be read.
///
/// Throws CheckpointError that advises `<app> train`. Example: `trained_checkpoint(out, "trained flow",
/// "dimwise-cnf")`
Checkpoint trained_checkpoint(const std::string& path, const std::string& thing, const std::string& app);

/// The numbers that a training keeps beside its weights, such as its best score: the tensor `meters`. Throws
/// CheckpointError unless there are `count` of them in float64.
std::vector<double> read_meters(const Checkpoint& checkpoint, int64_t count);

/// `ckpt-<step>.safetensors`.
std::string checkpoint_name(int64_t step);

}  // namespace dimwise::app
