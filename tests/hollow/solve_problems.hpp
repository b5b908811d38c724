#pragma once
// Equations for the tests of hollow/solve.

#include <cmath>
#include <vector>

#include "autodiff/tensor.hpp"
#include "tests/catch.hpp"

namespace dimwise::test {

/// The largest |a − b|.
inline double furthest(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  const std::vector<double> x = a.values(), y = b.values();
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double difference = std::abs(x[i] - y[i]);
    if (!(difference <= worst)) worst = difference;
  }
  return worst;
}

}  // namespace dimwise::test
