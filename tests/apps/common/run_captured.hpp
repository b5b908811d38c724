#pragma once

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "apps/common/cli/cli.hpp"

namespace dimwise::app {

struct Captured {
  int code;
  std::string out, err;
};

// What run_app prints and returns for some words after the executable's name.
inline Captured run_captured(const App& app, const std::vector<std::string>& words) {
  std::vector<const char*> argv{"program"};
  for (const auto& word : words) argv.push_back(word.c_str());
  std::ostringstream out, err;
  auto* before_out = std::cout.rdbuf(out.rdbuf());
  auto* before_err = std::cerr.rdbuf(err.rdbuf());
  const int code = run_app(app, static_cast<int>(argv.size()), argv.data());
  std::cout.rdbuf(before_out);
  std::cerr.rdbuf(before_err);
  return {code, out.str(), err.str()};
}

}  // namespace dimwise::app
