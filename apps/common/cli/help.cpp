#include "apps/common/cli/help.hpp"

#include <sstream>
#include <vector>

namespace dimwise::app {
namespace {

constexpr size_t page = 100, margin = 2, column = 30;

// Two columns; the right one is wrapped at words, `last` being one of them.
std::string entry(const std::string& left, const std::string& right, const std::string& last = "") {
  std::vector<std::string> words;
  std::istringstream stream(right);
  for (std::string word; stream >> word;) words.push_back(word);
  if (!last.empty()) words.push_back(last);
  std::string line = std::string(margin, ' ') + left, text;
  if (line.size() + 2 > column) {
    text = line + "\n";
    line.clear();
  }
  line.resize(column - 1, ' ');
  for (const auto& word : words) {
    if (line.size() >= column && line.size() + 1 + word.size() > page) {
      text += line + "\n";
      line.assign(column - 1, ' ');
    }
    line += ' ';
    line += word;
  }
  return text + line + "\n";
}

std::string example(const std::string& app, const std::string& arguments, const std::string& purpose) {
  return "  # " + purpose + "\n  " + app + " " + arguments + "\n";
}

std::string entry(const Setting& setting) {
  std::string left = "--" + setting.name;
  if (!setting.placeholder.empty())
    left += setting.bare.empty() ? " " + setting.placeholder : " [" + setting.placeholder + "]";
  return entry(left, setting.help, setting.fallback.empty() ? "" : "(default " + setting.fallback + ")");
}

}  // namespace

std::string help(const App& app) {
  std::string text = app.name() + ": " + app.summary() + "\n\nExamples:\n";
  for (const auto& command : app.commands())
    if (!command.examples().empty())
      text += example(app.name(), command.examples().front().first, command.examples().front().second);
  text += "\nUsage: " + app.name() + " COMMAND [--setting VALUE ...]\n\nCommands:\n";
  for (const auto& command : app.commands()) text += entry(command.name(), command.summary());
  text += "\nOptions:\n" + entry("--help", "show this text; after a command, its settings");
  return text + entry("--version", "show the version");
}

std::string help(const Command& command) {
  const std::string name = command.app() + " " + command.name();
  std::string text = name + ": " + command.summary() + "\n";
  if (!command.examples().empty()) text += "\nExamples:\n";
  for (const auto& [arguments, purpose] : command.examples()) text += example(command.app(), arguments, purpose);
  text += "\nUsage: " + name + " [--setting VALUE ...]\n";
  std::string section;
  for (const auto& setting : command.settings()) {
    if (setting.section != section) text += "\n" + (section = setting.section) + ":\n";
    text += entry(setting);
  }
  text += "\nGeneral:\n";
  text += entry("--config FILE", "read settings from lines `name = value`; flags override the file");
  return text + entry("--help", "show this text");
}

}  // namespace dimwise::app
