#pragma once

#include "tests/apps/common/app_run.hpp"

namespace dimwise::app {

inline Ended run_cnf(const Strings& words, const Surroundings& around = {}) {
  return Process(DIMWISE_CNF, words, around).wait();
}

// `train` of a flow so small that a step takes less than a millisecond.
inline Strings training(const std::string& data, const std::string& out, int64_t steps) {
  return {"train",
          "--data",
          data,
          "--out",
          out,
          "--steps",
          std::to_string(steps),
          "--batch-size",
          "32",
          "--hidden",
          "8",
          "--d-h",
          "4",
          "--transformer-hidden",
          "8",
          "--method",
          "rk4",
          "--solver-steps",
          "3",
          "--warm-up",
          "5"};
}

// Sixty rows of two columns that depend on each other.
inline std::string rows_file(const TemporaryFolder& folder) {
  std::string text = "a,b\n";
  for (int i = 0; i < 60; ++i)
    text += std::to_string(i % 7 + 0.1 * (i % 11)) + "," + std::to_string(0.3 * (i % 7) + 0.5 * (i % 5)) + "\n";
  write_text(folder / "rows.csv", text);
  return folder / "rows.csv";
}

}  // namespace dimwise::app
