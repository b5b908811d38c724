#include "apps/common/cli/help.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <sstream>
#include <vector>

namespace dimwise::app {
namespace {

constexpr size_t margin = 2, column = 30;

// Text in a column from `indent` on, after `line`; a word that is too long has a line by itself.
std::string wrapped(std::string line, const std::vector<std::string>& words, size_t indent, size_t width,
                    const std::string& line_end = "") {
  std::string text;
  bool first = true;
  for (const std::string& word : words) {
    if (!first && line.size() + 1 + word.size() + line_end.size() > width) {
      text += line + line_end + "\n";
      line.assign(indent, ' ');
      first = true;
    }
    line += first ? word : ' ' + word;
    first = false;
  }
  return text + line + "\n";
}

std::vector<std::string> words_in(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// The words of a command line; what is in quotes is one.
std::vector<std::string> arguments_in(const std::string& text) {
  std::vector<std::string> words{""};
  bool quoted = false;
  for (const char c : text) {
    quoted = quoted != (c == '"');
    if (c == ' ' && !quoted)
      words.emplace_back();
    else
      words.back() += c;
  }
  return words;
}

// Two columns; the right one is wrapped, `last` being one word.
std::string entry(const std::string& left, const std::string& right, size_t width, const std::string& last = "") {
  std::vector<std::string> words = words_in(right);
  if (!last.empty()) words.push_back(last);
  std::string line = std::string(margin, ' ') + left, text;
  if (line.size() + 2 > column) {
    text = line + "\n";
    line.clear();
  }
  line.resize(column, ' ');
  return text + wrapped(line, words, column, width);
}

std::string example(const std::string& app, const std::string& arguments, const std::string& purpose, size_t width) {
  std::vector<std::string> words = arguments_in(arguments);
  words.insert(words.begin(), app);
  // A flag and its value stay together.
  for (size_t i = 1; i + 1 < words.size(); ++i)
    if (words[i].starts_with("--") && !words[i + 1].starts_with("--")) {
      words[i] += ' ' + words[i + 1];
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
  return "  # " + purpose + "\n" + wrapped(std::string(margin, ' '), words, 2 * margin, width, " \\");
}

std::string entry(const Setting& setting, size_t width) {
  const std::string fallback = setting.fallback.empty() ? "" : "(default " + setting.fallback + ")";
  const auto left = [&](const std::string& placeholder) {
    if (placeholder.empty()) return "--" + setting.name;
    return "--" + setting.name + (setting.bare.empty() ? " " + placeholder : " [" + placeholder + "]");
  };
  if (setting.words.empty() || margin + left(setting.placeholder).size() <= width)
    return entry(left(setting.placeholder), setting.help, width, fallback);
  return entry(left("WORD"), fmt::format("{}: one of {}", setting.help, fmt::join(setting.words, ", ")), width,
               fallback);
}

}  // namespace

size_t help_width() {
  winsize terminal{};
  if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &terminal) != 0 || terminal.ws_col == 0) return 80;
  return std::clamp<size_t>(terminal.ws_col, 60, 120);
}

std::string help(const App& app, size_t width) {
  std::string text = wrapped(app.name() + ": ", words_in(app.summary()), margin, width) + "\nExamples:\n";
  for (const auto& command : app.commands())
    if (!command.examples().empty())
      text += example(app.name(), command.examples().front().first, command.examples().front().second, width);
  text += "\nUsage: " + app.name() + " COMMAND [--setting VALUE ...]\n\nCommands:\n";
  for (const auto& command : app.commands()) text += entry(command.name(), command.summary(), width);
  text += "\nOptions:\n" + entry("-h, --help", "show this text; after a command, its settings", width);
  text += entry("--version", "show the version", width);
  text += entry("--completion bash", "print a script that completes words of this program in bash", width);
  return text + entry("--man", "print the manual page", width);
}

std::string help(const Command& command, size_t width) {
  std::string text = wrapped(command.full_name() + ": ", words_in(command.summary()), margin, width);
  if (!command.examples().empty()) text += "\nExamples:\n";
  for (const auto& [arguments, purpose] : command.examples()) text += example(command.app(), arguments, purpose, width);
  text += "\nUsage: " + command.full_name();
  for (const auto& setting : command.settings())
    if (setting.positional) text += " [" + setting.placeholder + "]";
  text += " [--setting VALUE ...]\n";
  std::string section;
  for (const auto& setting : command.settings()) {
    if (setting.section != section) text += "\n" + (section = setting.section) + ":\n";
    text += entry(setting, width);
  }
  text += "\nGeneral:\n";
  text += entry("--config FILE", "read settings from lines `name = value`; flags override the file", width);
  return text + entry("-h, --help", "show this text", width);
}

}  // namespace dimwise::app
