#pragma once

#include <functional>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// f(x…) without storing intermediates: the sweeps compute f again.
///
/// Memory: the inputs and the output; a recorded sweep adds its directions and results, and is itself computed again
/// when it is differentiated. Time: one more evaluation of f for each sweep. Tracked tensors that f captures get their
/// gradients as usual, of whatever dtype. Can be nested, and supports every sweep. A sweep throws ValueError if f, or
/// the rule of a custom op in it, captures a tracked tensor that the first evaluation did not.
///
/// Example: `Tensor y = checkpoint([&](const auto& in) { return layer(in[0]); }, {x});`
Tensor checkpoint(const std::function<Tensor(const std::vector<Tensor>&)>& f, const std::vector<Tensor>& inputs);

}  // namespace dimwise
