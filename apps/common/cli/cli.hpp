#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "apps/common/cli/setting.hpp"

namespace dimwise::app {

/// One subcommand: its settings, bound to variables of the caller, and the action of the command.
///
/// Every command also has `--config FILE` and `--help`. A flag beats the file, the file beats the default.
class Command {
 public:
  Command(std::string app, std::string name, std::string summary);

  /// A command line to show at the top of --help, without the executable's name, and what it is for.
  Command& example(std::string arguments, std::string purpose);
  /// The heading in --help of the settings that are added next.
  Command& section(std::string title);
  /// Adds a setting; the arguments are those of make_setting. The default is the current value of the variable.
  ///
  /// Example: `train.add("lr", options.lr, "step size of Adam", positive);`
  template <class... Arguments>
  Setting& add(const std::string& name, Arguments&&... arguments) {
    return add(make_setting(name, std::forward<Arguments>(arguments)...));
  }
  template <class... Arguments>
  Setting& add_choice(const std::string& name, Arguments&&... arguments) {
    return add(make_choice(name, std::forward<Arguments>(arguments)...));
  }
  /// The action of the command, called after its settings are read.
  Command& does(std::function<void(const Command&)> body);

  /// All saved settings as TOML, so that `--config` with this text repeats the run.
  std::string effective_config() const;

  const std::string& app() const { return app_; }
  const std::string& name() const { return name_; }
  /// As "dimwise-cnf train".
  std::string full_name() const { return app_ + " " + name_; }
  const std::string& summary() const { return summary_; }
  const std::vector<std::pair<std::string, std::string>>& examples() const { return examples_; }
  const std::deque<Setting>& settings() const { return settings_; }
  const std::function<void(const Command&)>& body() const { return body_; }

 private:
  Setting& add(Setting setting);

  std::string app_, name_, summary_, section_ = "Settings";
  std::vector<std::pair<std::string, std::string>> examples_;
  std::deque<Setting> settings_;  // a deque, so that references stay valid
  std::function<void(const Command&)> body_;
};

/// One executable and its subcommands.
class App {
 public:
  App(std::string name, std::string summary) : name_(std::move(name)), summary_(std::move(summary)) {}

  Command& command(const std::string& name, const std::string& summary);

  const std::string& name() const { return name_; }
  const std::string& summary() const { return summary_; }
  const std::deque<Command>& commands() const { return commands_; }

 private:
  std::string name_, summary_;
  std::deque<Command> commands_;
};

/// Reads the command line, runs the command it names, and returns the exit code.
///
/// Help and the version go to stdout. An error goes to stderr as one line `<app>: error: …` and gives exit_code(error);
/// nothing is thrown. Example: `App app("dimwise-x", "what it does"); add_train(app); return run_app(app, argc, argv);`
int run_app(const App& app, int argc, const char* const* argv);

}  // namespace dimwise::app
