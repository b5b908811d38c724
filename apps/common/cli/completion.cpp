#include "apps/common/cli/completion.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dimwise::app {
namespace {

// Whether the value names a file or a folder, as PATH, DIR, NAME|PATH.
bool takes_path(const Setting& setting) {
  const std::string& p = setting.placeholder;
  return p.ends_with("PATH") || p.ends_with("DIR") || p.ends_with("FILE");
}

std::string flags(const Command& command) {
  std::string all = "--config --help";
  for (const Setting& setting : command.settings()) all += " --" + setting.name;
  return all;
}

}  // namespace

std::string bash_completion(const App& app) {
  std::string function = "_" + app.name(), commands, cases;
  std::replace(function.begin(), function.end(), '-', '_');
  for (const Command& command : app.commands()) {
    commands += command.name() + " ";
    cases += fmt::format("    {}:--config) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n", command.name());
    for (const Setting& setting : command.settings())
      if (!setting.words.empty())
        cases += fmt::format("    {}:--{}) COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); return ;;\n", command.name(),
                             setting.name, fmt::join(setting.words, " "));
      else if (takes_path(setting))
        cases += fmt::format("    {}:--{}) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n", command.name(),
                             setting.name);
    cases += fmt::format("    {}:*) COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); return ;;\n", command.name(),
                         flags(command));
  }
  return fmt::format(R"({0}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{2}--help --version --completion --man" -- "$word"))
    return
  fi
  case ${{COMP_WORDS[1]}}:$before in
{3}  esac
}}
complete -o filenames -F {0} {1}
)",
                     function, app.name(), commands, cases);
}

}  // namespace dimwise::app
