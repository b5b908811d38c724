#include "apps/common/run/run_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "apps/common/cli/exit_code.hpp"

namespace dimwise::app {

RunLock::RunLock(const std::string& folder) {
  const std::string path = folder + "/.lock";
  file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0) fail<Error>("out", "cannot write ", path, ": ", std::strerror(errno), ". Choose another --out.");
  if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    close(file_);
    if (reason != EWOULDBLOCK)
      fail<Error>("out", "cannot lock ", path, ": ", std::strerror(reason), ". Choose another --out.");
    std::string holder;
    std::getline(std::ifstream(path), holder);
    fail<UsageError>("--out", "\"", folder, "\" is being written by process ", holder.empty() ? "(unknown)" : holder,
                     ". Wait until it ends, or give another --out.");
  }
  const std::string own = std::to_string(getpid()) + "\n";
  // Only for the message: a lock without a name is a lock.
  if (ftruncate(file_, 0) == 0) (void)!write(file_, own.data(), own.size());
}

RunLock::~RunLock() { close(file_); }

std::shared_ptr<RunLock> RunLock::of_existing(const std::string& folder) {
  return !folder.empty() && std::filesystem::is_directory(folder) ? std::make_shared<RunLock>(folder) : nullptr;
}

}  // namespace dimwise::app
