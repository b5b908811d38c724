#include "apps/common/cli/man_page.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dimwise::app {
namespace {

// Text that roff takes literally.
std::string literal(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else
      result += c;
  }
  // A line must not begin with a control character.
  return result.starts_with('.') || result.starts_with('\'') ? "\\&" + result : result;
}

std::string entry(const Setting& setting) {
  std::string flag = "\\fB" + literal("--" + setting.name) + "\\fR";
  const std::string value = "\\fI" + literal(setting.placeholder) + "\\fR";
  if (!setting.placeholder.empty()) flag += setting.bare.empty() ? " " + value : " [" + value + "]";
  const std::string fallback = setting.fallback.empty() ? "" : " (default " + setting.fallback + ")";
  return ".TP\n" + flag + "\n" + literal(setting.help + fallback) + "\n";
}

std::string examples(const Command& command) {
  std::string text;
  for (const auto& [arguments, purpose] : command.examples())
    text += fmt::format(".PP\n{}:\n.PP\n.nf\n{}\n.fi\n", literal(purpose), literal(command.app() + " " + arguments));
  return text;
}

std::string section(const Command& command) {
  std::string text =
                  ".SH " + literal(command.full_name()) + "\n" + literal(command.summary()) + "\n" + examples(command),
              heading;
  for (const Setting& setting : command.settings()) {
    if (setting.section != heading) text += ".SS " + literal(heading = setting.section) + "\n";
    text += entry(setting);
  }
  return text;
}

}  // namespace

std::string man_page(const App& app) {
  std::string title = app.name();
  std::transform(title.begin(), title.end(), title.begin(), [](unsigned char c) { return std::toupper(c); });
  std::string text = fmt::format(
      ".TH {} 1 \"\" \"dimwise {}\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n\\fB{}\\fR \\fICOMMAND\\fR [\\-\\-setting "
      "VALUE ...]\n",
      literal(title), DIMWISE_VERSION, literal(app.name()), literal(app.summary()), literal(app.name()));
  for (const Command& command : app.commands()) text += section(command);
  return text + R"(.SH EXIT STATUS
0 success, 1 runtime failure, 2 wrong usage or configuration, 3 data missing or malformed, 4 diverged,
5 checkpoint unusable or of other flags, 129, 130 or 143 interrupted with a valid checkpoint.
)";
}

}  // namespace dimwise::app
