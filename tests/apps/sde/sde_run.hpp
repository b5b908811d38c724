#pragma once

#include "tests/apps/common/app_run.hpp"

namespace dimwise::app {

inline Ended run_sde(const Strings& words, const Surroundings& around = {}) {
  return Process(DIMWISE_SDE, words, around).wait();
}

// `train` on a few paths of a built-in system, with nets so small that a step takes less than a millisecond.
inline Strings fitting(const std::string& out, int64_t steps) {
  return {"train",
          "--out",
          out,
          "--steps",
          std::to_string(steps),
          "--paths",
          "20",
          "--batch-size",
          "32",
          "--hidden",
          "8",
          "--d-h",
          "4",
          "--transformer-hidden",
          "8",
          "--density-hidden",
          "8",
          "--components",
          "2",
          "--flow-steps",
          "2",
          "--warm-up",
          "5"};
}

// Ten paths of two columns, seen three times each.
inline std::string paths_file(const TemporaryFolder& folder) {
  std::string text = "t,path,a,b\n";
  for (int i = 0; i < 30; ++i)
    text += std::to_string(0.5 * (i % 3)) + "," + std::to_string(i / 3) + "," + std::to_string(0.1 * (i % 11)) + "," +
            std::to_string(0.3 * (i % 7) + 0.5 * (i % 3)) + "\n";
  write_text(folder / "paths.csv", text);
  return folder / "paths.csv";
}

}  // namespace dimwise::app
