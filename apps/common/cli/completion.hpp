#pragma once

#include <string>

#include "apps/common/cli/cli.hpp"

namespace dimwise::app {

/// A script for bash that completes the commands of an app, their flags, and the values of flags: words, files and
/// folders.
///
/// Example: `eval "$(dimwise-cnf --completion bash)"`
std::string bash_completion(const App& app);

}  // namespace dimwise::app
