#pragma once

#include <cstddef>
#include <string>

#include "apps/common/cli/cli.hpp"

namespace dimwise::app {

/// The columns of the terminal that stdout is, between 60 and 120; 80 if it is none.
size_t help_width();

/// The text of `<app> --help`: examples, then the commands.
std::string help(const App& app, size_t width);
/// The text of `<app> <command> --help`: examples, then the settings with their defaults, by section. Lines are broken
/// between words, and examples so that they can be pasted.
std::string help(const Command& command, size_t width);

}  // namespace dimwise::app
