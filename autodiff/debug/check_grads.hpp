#pragma once

#include <functional>
#include <string>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

struct CheckOptions {
  int order = 1;       ///< derivatives of f up to this order are compared with differences of those of one order lower
  double step = 1e-5;  ///< relative central-difference step of order 1; four times as long for each further order
  double tolerance = 1e-6;  ///< on max |a − n| / (1 + |n|)
  bool forward = true;      ///< whether jvp is checked against vjp too
  uint64_t seed = 0;        ///< of the random directions
};

struct CheckResult {
  double worst = 0;   ///< the largest max |a − n| / (1 + |n|)
  std::string where;  ///< order, input and element of the worst
};

/// Compares derivatives of f with central differences in float64, for every element of every input.
///
/// f is reduced to a scalar by a random cotangent. Order 2 checks the product of its gradient with a random direction
/// in the same way, and so on. Throws ValueError with order, input, element and both numbers if the tolerance is
/// exceeded, DTypeError unless all inputs are float64.
///
/// Example: `check_grads([](const auto& in) { return tanh(in[0]); }, {Rng(0).normal({3}, DType::float64)}, {.order =
/// 2});`
CheckResult check_grads(const std::function<Tensor(const std::vector<Tensor>&)>& f, const std::vector<Tensor>& inputs,
                        const CheckOptions& options = {});

}  // namespace dimwise
