#pragma once

#include <string>

#include "apps/common/cli/cli.hpp"

namespace dimwise::app {

/// The text of `<app> --help`: examples, then the commands.
std::string help(const App& app);
/// The text of `<app> <command> --help`: examples, then the settings with their defaults, by section.
std::string help(const Command& command);

}  // namespace dimwise::app
