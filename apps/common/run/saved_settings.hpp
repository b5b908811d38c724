#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "apps/common/cli/cli.hpp"
#include "apps/common/run/checkpoint.hpp"

namespace dimwise::app {

/// The settings of a command that belong in a checkpoint, by name and in their order.
///
/// Example: `Command c("dimwise-x", "train", ""); add_settings(c, settings); saved_settings(c)` is `{"lr": 0.01, …}`
nlohmann::ordered_json saved_settings(const Command& command);

/// Whether a checkpoint was written by `command`, as "dimwise-cnf train".
bool written_by(const Checkpoint& checkpoint, const std::string& command);

/// Throws CheckpointError unless `command` wrote the checkpoint.
void check_writer(const Checkpoint& checkpoint, const std::string& command);

/// The saved settings of a checkpoint. Throws CheckpointError if another command or an older version
/// wrote it.
nlohmann::ordered_json read_settings(const Checkpoint& checkpoint, const std::string& command);

/// Sets the settings of a command to those of the checkpoint that it wrote.
///
/// Throws CheckpointError for a checkpoint of another command, and for settings that are missing or not valid.
void restore_settings(const Command& command, const Checkpoint& checkpoint);

/// The settings of `asked` whose saved values differ, as `--hidden is [8], not [16]; --d-h is unset, not 4`; empty if
/// all are equal. Names that contain a space are not flags.
std::string setting_differences(const nlohmann::ordered_json& saved, const nlohmann::ordered_json& asked);

}  // namespace dimwise::app
