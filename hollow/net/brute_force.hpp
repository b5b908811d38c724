#pragma once

#include <vector>

#include "autodiff/transforms.hpp"

namespace dimwise {

/// {f, D f, …, D^order f} at x of any function whose rows are independent, (D f)_i = ∂f_i/∂x_i: the result of `dimwise`
/// for a HollowNet, computed by d reverse passes for each order.
///
/// f(x) and each derivative have the shape of x, (…, d). Recorded, like every transform.
///
/// Example: `auto d = brute_force_dimwise([](const Tensor& x) { return x * sum(x, {-1}, true); }, x, 2);`
std::vector<Tensor> brute_force_dimwise(const Function& f, const Tensor& x, int order);

}  // namespace dimwise
