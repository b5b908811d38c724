#pragma once

#include <memory>
#include <string>

namespace dimwise::app {

/// Holds a run folder for this process: one process at a time writes it. The lock ends with the process, however that
/// ends.
class RunLock {
 public:
  /// Takes the lock of an existing folder, by its file `.lock`. Throws UsageError that names the process that holds it,
  /// and Error if the file cannot be written.
  explicit RunLock(const std::string& folder);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  /// The lock of a folder, or null if it does not exist.
  static std::shared_ptr<RunLock> of_existing(const std::string& folder);

 private:
  int file_;
};

}  // namespace dimwise::app
