#pragma once

#include <nlohmann/json.hpp>

#include "tests/apps/common/process.hpp"

namespace dimwise::app {

using Strings = std::vector<std::string>;

inline Strings operator+(Strings a, const Strings& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// What a run leaves in its folder.
inline std::string checkpoint(const std::string& out, int64_t step) {
  return read_text(out + "/ckpt-" + std::to_string(step) + ".safetensors");
}
inline std::string metrics(const std::string& out) { return read_text(out + "/metrics.jsonl"); }

}  // namespace dimwise::app
