#pragma once

#include <vector>

#include "autodiff/transforms.hpp"

namespace dimwise {

/// {f, D f, …, D^order f} at x of any function whose rows are independent, (D f)_i = ∂f_i/∂x_i: what `dimwise` gives
/// for a HollowNet, by d reverse passes for each order.
///
/// f gives the shape of x, (…, d), and so has each derivative. Recorded as every transform is.
///
/// Example: `auto d = brute_force_dimwise([](const Tensor& x) { return x * sum(x, {-1}, true); }, x, 2);`
std::vector<Tensor> brute_force_dimwise(const Function& f, const Tensor& x, int order);

}  // namespace dimwise
