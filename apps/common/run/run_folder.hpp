#pragma once

#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/common/cli/cli.hpp"
#include "apps/common/run/checkpoint.hpp"
#include "apps/common/run/run_lock.hpp"

namespace dimwise::app {

/// The folder of a run: config.toml, metrics.jsonl, log.txt, ckpt-<step>.safetensors, latest, figs/.
class RunFolder {
 public:
  struct Options {
    std::optional<Checkpoint> resumed = {};
    bool overwrite = false;                    ///< whether another run in the folder is deleted
    std::shared_ptr<const RunLock> lock = {};  ///< of the folder, if it is already held
  };
  /// Creates the folder unless it exists, locks it, and writes config.toml.
  ///
  /// When resuming, metrics.jsonl keeps its lines up to the resumed step; otherwise it starts empty. Results without
  /// checkpoints are replaced by those of the same command. Throws UsageError when the folder holds another run, or
  /// another process writes it, and Error when it cannot be written.
  RunFolder(const std::string& path, const Command& command, const Options& options);
  RunFolder(const std::string& path, const Command& command) : RunFolder(path, command, Options()) {}

  const std::string& path() const { return path_; }

  /// Appends `{"step": step, name: value, …}` to metrics.jsonl; NaN and infinities become null.
  void metrics(int64_t step, const std::vector<std::pair<std::string, double>>& values);
  /// Appends a line with the time of day to log.txt.
  void log(const std::string& text);
  /// Saves ckpt-<step>.safetensors and then points `latest` to it; keeps it and the previous one. Returns its path.
  ///
  /// Throws Error if it cannot be written; the previous one is then intact.
  std::string save(int64_t step, const std::map<std::string, Tensor>& tensors,
                   std::map<std::string, std::string> metadata);
  /// The path of a picture in figs/.
  std::string figure(const std::string& name) const { return path_ + "/figs/" + name; }

 private:
  std::ofstream append(const std::string& name) const;

  std::string path_;
  std::shared_ptr<const RunLock> lock_;
  std::vector<std::string> kept_;  // names of this run's last two checkpoints
  std::ofstream metrics_, log_;
};

/// Calls `write`, which writes a result. Its DataError becomes an Error, as no data are at fault, that advises another
/// value of `flag`, such as "--out".
void write_result(const char* command, const char* flag, const std::function<void()>& write);

/// The folder into which a command writes the results of a run: `out`, or the folder of the checkpoint `out`.
std::string result_folder(const std::string& out);
/// The path of a picture of these results; makes their folder figs/.
std::string result_figure(const std::string& out, const std::string& name);

}  // namespace dimwise::app
