#pragma once
// PyTorch's results, written by scripts/record_fixtures.py, against the same functions here.

#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "autodiff/transforms.hpp"
#include "nn/io/safetensors.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::recorded {

using Inputs = std::vector<Tensor>;
using Functions = std::map<std::string, std::function<Tensor(const Inputs&)>>;

inline SafeTensors file_of(const std::string& name) {
  return load_safetensors(std::string(DIMWISE_SOURCE_DIR "/tests/fixtures/") + name + ".safetensors");
}

// max |a − b| / (1 + |b|), infinite if shapes differ or a NaN occurs.
inline double distance(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) return INFINITY;
  const std::vector<double> x = a.values(), y = b.values();
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double d = std::abs(x[i] - y[i]) / (1 + std::abs(y[i]));
    if (!(d <= worst)) worst = std::isnan(d) ? INFINITY : d;
  }
  return worst;
}

/// Checks values, gradients and second derivatives of all functions of a file, in both dtypes.
inline void compare(const std::string& file_name, const Functions& functions) {
  const SafeTensors file = file_of(file_name);
  size_t compared = 0;
  for (const auto& function : functions)
    for (const DType dtype : {DType::float32, DType::float64}) {
      const std::string& name = function.first;
      const double tolerance = dtype == DType::float32 ? 1e-5 : 1e-10;
      const auto at = [&](const std::string& what) { return file.tensors.at(name + "." + what); };
      Inputs x;
      while (file.tensors.count(name + ".in." + std::to_string(x.size())))
        x.push_back(track(astype(at("in." + std::to_string(x.size())), dtype)));
      INFO(name << " in " << dtype);
      const Tensor y = function.second(x);
      CHECK(distance(y, at("out")) < tolerance);
      const Inputs g = Tape({y}, x).pull({astype(at("cotangent"), dtype)});
      Tensor squares;
      for (size_t i = 0; i < x.size(); ++i) {
        CHECK(distance(g[i], at("grad." + std::to_string(i))) < tolerance);
        accumulate(squares, sum(square(g[i])));
      }
      const Inputs second = grad(squares, x);
      for (size_t i = 0; i < x.size(); ++i)
        // Second derivatives in float32 include the rounding errors of the first.
        CHECK(distance(second[i], at("second." + std::to_string(i))) < (dtype == DType::float32 ? 1e-4 : tolerance));
      compared += 2 + 3 * x.size();
    }
  CHECK(compared == 2 * (file.tensors.size()));
}

}  // namespace dimwise::recorded
