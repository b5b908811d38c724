#pragma once

#include <sstream>

#include "tests/apps/common/app_run.hpp"

namespace dimwise::app {

inline Ended run_ode(const Strings& words, const Surroundings& around = {}) {
  return Process(DIMWISE_ODE, words, around).wait();
}

// An experiment so small that an iteration takes milliseconds.
inline Strings tiny_experiment(const std::string& task, const std::string& out, int64_t steps) {
  return {"train",
          "--task",
          task,
          "--out",
          out,
          "--steps",
          std::to_string(steps),
          "--rows",
          "40",
          "--batch-size",
          "8",
          "--hidden",
          "8",
          "--d-h",
          "4",
          "--transformer-hidden",
          "8",
          "--window",
          "0.5",
          "--observations",
          "2",
          "--rtol",
          "1e-3",
          "--atol",
          "1e-3"};
}

// The lines of metrics.jsonl without processor time, which no two runs share.
inline std::vector<nlohmann::json> counted(const std::string& out) {
  std::vector<nlohmann::json> lines;
  std::istringstream text(metrics(out));
  for (std::string line; std::getline(text, line);) {
    auto entry = nlohmann::json::parse(line);
    for (auto it = entry.begin(); it != entry.end();)
      it = it.key().ends_with(" seconds") ? entry.erase(it) : std::next(it);
    lines.push_back(std::move(entry));
  }
  return lines;
}

}  // namespace dimwise::app
