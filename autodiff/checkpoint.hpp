#pragma once

#include <functional>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// f(x…) without storing intermediates: the sweeps compute f again.
///
/// Memory: the inputs and the output. Time: one more evaluation of f for each sweep. Tracked tensors that f captures
/// get their gradients as usual. Can be nested, and supports every sweep.
///
/// Example: `Tensor y = checkpoint([&](const auto& in) { return layer(in[0]); }, {x});`
Tensor checkpoint(const std::function<Tensor(const std::vector<Tensor>&)>& f, const std::vector<Tensor>& inputs);

}  // namespace dimwise
