#pragma once

#include <functional>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// f(x…), without keeping what was computed inside: the sweeps run f again.
///
/// Memory: the inputs and the output. Time: one more f for each sweep. Tracked tensors that f captures get their
/// gradients as usual. Nests, and passes every sweep.
///
/// Example: `Tensor y = checkpoint([&](const auto& in) { return layer(in[0]); }, {x});`
Tensor checkpoint(const std::function<Tensor(const std::vector<Tensor>&)>& f, const std::vector<Tensor>& inputs);

}  // namespace dimwise
