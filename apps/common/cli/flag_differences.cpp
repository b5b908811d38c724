#include "apps/common/cli/flag_differences.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace dimwise::app {

std::string flag_differences(const nlohmann::ordered_json& saved, const nlohmann::ordered_json& asked) {
  std::string text;
  for (const auto& [key, value] : asked.items()) {
    const auto before = saved.find(key);
    if (before != saved.end() && *before == value) continue;
    std::string flag = key;
    std::replace(flag.begin(), flag.end(), '_', '-');
    text += (text.empty() ? "--" : "; --") + flag + " is " + (before == saved.end() ? "unset" : before->dump()) +
            ", not " + value.dump();
  }
  return text;
}

}  // namespace dimwise::app
