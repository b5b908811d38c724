#pragma once

#include "autodiff/context.hpp"

namespace dimwise {

/// During its lifetime, the first NaN or infinity that an op of this thread computes from finite inputs throws
/// ValueError with the op, its scope, the shape, the first bad index, and the direction, forward or reverse.
///
/// Example: `DetectAnomaly guard; auto [loss, g] = value_and_grad(f, x);`
class DetectAnomaly : public Observer {
 public:
  void evaluated(const Op& op, std::span<const Tensor> inputs, const Tensor& output, double seconds) override;
  void pulled(const Call& call, const Tensor& cotangent, std::span<const Tensor> cotangents, double seconds) override;
};

}  // namespace dimwise
