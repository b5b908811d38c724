#pragma once

#include <string>

#include "apps/common/cli/common_flags.hpp"
#include "apps/common/run/saved_run.hpp"

namespace dimwise::app {

/// The settings of `info`.
struct InfoSettings {
  CommonFlags common;
  bool all = false;  ///< whether settings that are the default and tensors of the optimizer are listed, too
};

/// The command `info` without its action. `thing` is what a run trains, as "trained flow".
Command& info_command(App& app, const std::string& thing, const std::string& out, InfoSettings& settings);

/// Prints what a checkpoint is: the command and the settings that trained it, the data, the last metrics, the scores of
/// `eval`, and the tensors with their shapes. `usual` are the settings' defaults.
void print_info(const InfoSettings& settings, const Checkpoint& checkpoint, const Command& saved, const Command& usual);

/// Prints it if the command of these settings wrote the checkpoint; returns whether it did.
template <class Settings>
bool print_info(const InfoSettings& s, const Checkpoint& checkpoint) {
  Settings own, usual;
  const Command command = saved_command(own);
  if (!written_by(checkpoint, command.full_name())) return false;
  restore_settings(command, checkpoint);
  print_info(s, checkpoint, command, saved_command(usual));
  return true;
}

/// Adds `info`, which describes a run of any of the commands that have these settings. Throws CheckpointError for a run
/// of another command.
///
/// Example: `add_info<TrainSettings>(app, "trained flow", "runs/cnf");`
template <class... Settings>
void add_info(App& app, const std::string& thing, const std::string& out) {
  const auto s = std::make_shared<InfoSettings>();
  info_command(app, thing, out, *s).does([s, thing](const Command& self) {
    const Checkpoint checkpoint = trained_checkpoint(s->common.out, thing, self.app());
    if (!(print_info<Settings>(*s, checkpoint) || ...)) check_writer(checkpoint, self.app() + " train");
  });
}

}  // namespace dimwise::app
