#pragma once

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/data.hpp"

namespace dimwise {

/// The reference solutions of tests/data/<file>.
inline nlohmann::json references(const std::string& file) {
  std::ifstream in(test_data(file));
  REQUIRE(in);
  return nlohmann::json::parse(in);
}

}  // namespace dimwise
