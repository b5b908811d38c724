#pragma once

#include <string>

#include "apps/common/cli/cli.hpp"

namespace dimwise::app {

/// The manual page of an app, in the man macros of roff: its commands with their settings and examples, and the exit
/// codes.
///
/// Example: `dimwise-cnf --man | man -l -`
std::string man_page(const App& app);

}  // namespace dimwise::app
