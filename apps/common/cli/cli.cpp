#include "apps/common/cli/cli.hpp"

namespace dimwise::app {

Command::Command(std::string app, std::string name, std::string summary)
    : app_(std::move(app)), name_(std::move(name)), summary_(std::move(summary)) {}

Command& Command::example(std::string arguments, std::string purpose) {
  examples_.emplace_back(std::move(arguments), std::move(purpose));
  return *this;
}

Command& Command::section(std::string title) {
  section_ = std::move(title);
  return *this;
}

Command& Command::does(std::function<void(const Command&)> body) {
  body_ = std::move(body);
  return *this;
}

Setting& Command::add(Setting setting) {
  setting.section = section_;
  return settings_.emplace_back(std::move(setting));
}

std::string Command::effective_config() const {
  std::string text = "# " + app_ + " " + name_ + ", version " DIMWISE_VERSION ": every setting of a run.\n";
  text += "# Repeat it by: " + app_ + " " + name_ + " --config <this file>\n";
  std::string section;
  for (const auto& setting : settings_) {
    if (!setting.saved) continue;
    if (setting.section != section) text += "\n# " + (section = setting.section) + "\n";
    text += setting.name + " = " + setting.toml() + "\n";
  }
  return text;
}

Command& App::command(const std::string& name, const std::string& summary) {
  return commands_.emplace_back(name_, name, summary);
}

}  // namespace dimwise::app
