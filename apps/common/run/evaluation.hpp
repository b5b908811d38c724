#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "apps/common/cli/common_flags.hpp"

namespace dimwise::app {

/// Prints an evaluation, as `text` or under `--json` as one line of `result`, and writes `result` into eval.json beside
/// the run's checkpoints. Throws Error if it cannot be written.
void report_evaluation(const CommonFlags& flags, const nlohmann::ordered_json& result, const std::string& text);

}  // namespace dimwise::app
