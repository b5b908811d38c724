#include "apps/common/run/saved_run.hpp"

#include "autodiff/base/error.hpp"

namespace dimwise::app {

void check_unchanged(const std::string& name, const std::string& sha256, const std::string& trained,
                     const std::string& path) {
  if (sha256 == trained) return;
  fail<DataError>("data", name, " was changed after ", path, " was trained on it: its SHA-256 is ", sha256, ", not ",
                  trained, ". Restore the file, or train anew.");
}

}  // namespace dimwise::app
