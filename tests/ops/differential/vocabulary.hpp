#pragma once
// The recorded results of JAX and PyTorch, and the ops of the recorded programs by name.

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise::differential {

using Operands = std::vector<Tensor>;
using Numbers = std::vector<double>;

struct Function {
  std::function<Tensor(const Operands&, const Numbers&)> f;
  int jets = 3;  ///< highest order of Taylor series, at most 3
};

/// As in scripts/program_vocabulary.py.
const std::map<std::string, Function>& vocabulary();

/// The content of tests/data/<file>, which gzip has packed.
nlohmann::json recorded(const std::string& file);

}  // namespace dimwise::differential
