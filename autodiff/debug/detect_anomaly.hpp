#pragma once

#include "autodiff/context.hpp"

namespace dimwise {

/// While it lives, the first NaN or infinity that an op of this thread makes throws ValueError naming the op, its
/// scope, the shape, the first bad index, and whether it arose forward or in reverse. Values that were already bad in
/// an input are not blamed on the op.
///
/// Example: `DetectAnomaly guard; auto [loss, g] = value_and_grad(f, x);`
class DetectAnomaly : public Observer {
 public:
  void evaluated(const Op& op, std::span<const Tensor> inputs, const Tensor& output, double seconds) override;
  void pulled(const Call& call, const Tensor& cotangent, std::span<const Tensor> cotangents, double seconds) override;
};

}  // namespace dimwise
