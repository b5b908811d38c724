#pragma once

#include <concepts>
#include <functional>
#include <vector>

#include "autodiff/context.hpp"
#include "autodiff/tape.hpp"

namespace dimwise {

/// How dimension-wise derivatives are computed.
enum class DimwiseMethod : uint8_t {
  automatic,  ///< whichever is measured to be faster for the order asked
  reverse,    ///< k recorded pulls of ones
  taylor,     ///< one jet along ones: all orders at once
};

struct DimwiseOptions {
  std::vector<Tensor> holding = {};  ///< tape form: the conditioner's outputs, constant for these sweeps
  int order = 1;
  DimwiseMethod method = DimwiseMethod::automatic;
  bool record = true;  ///< tape form: whether the last sweep is recorded too
};

/// ∂^k y_i/∂x_i^k for a y whose Jacobian, past the held tensors, is diagonal: the shape of x.
///
/// One reverse pass an order, or one Taylor jet for all, whatever the dimension (the last axis; all others are batch).
/// The held tensors stay attached: gradients of the result reach them. Zeros where y does not depend on x. Throws
/// ShapeError unless y and x have one shape, and ValueError where the Jacobian is found not to be diagonal: calls 1, 2,
/// 4, 8, … of the same ops are checked by two more pulls, under a `DiagonalCheck` every one.
/// Source: Chen & Duvenaud (2019), section 2.
///
/// Example: `auto h = c(x), y = tau(x, h); Tensor d1 = dimwise(y, x, {.holding = {h}});`
Tensor dimwise(const Tensor& y, const Tensor& x, const DimwiseOptions& options);

/// A function f_i(x) = τ_i(x_i, h_i) with h = c(x), ∂h_i/∂x_i = 0.
///
/// `conditioner(x)` gives one tensor or several, of shape (…, d, d_h); rows of `transformer(x, h)` are independent
/// given h.
template <class Net>
concept HollowFunction = requires(const Net& net, const Tensor& x) {
  net.transformer(x, net.conditioner(x));
};

namespace detail {
using Held = std::vector<Tensor>;
inline Held held(Tensor h) { return {std::move(h)}; }
inline Held held(Held h) { return h; }
std::vector<Tensor> dimwise(const Tensor& x, int order, DimwiseMethod method,
                            const std::function<Tensor(const Tensor&)>& transformer, const Held& h,
                            const std::function<Held(const Tensor&)>& conditioner);
Tensor sum_of_last_axis(const Tensor& x);
}  // namespace detail

/// {f, D¹f, …, D^k f} of a HollowNet at x, each of the shape of x.
///
/// The results are recorded exactly if something tracked enters (x, a parameter). Cost: the conditioner once, the
/// transformer forward and once again for each order.
///
/// Example: `auto d = dimwise(net, x, 2); Tensor f = d[0], d1 = d[1], d2 = d[2];`
template <HollowFunction Net>
std::vector<Tensor> dimwise(const Net& net, const Tensor& x, int order = 1,
                            DimwiseMethod method = DimwiseMethod::automatic) {
  const auto h = net.conditioner(x);
  return detail::dimwise(
      x, order, method, [&](const Tensor& inner) { return net.transformer(inner, h); }, detail::held(h),
      [&](const Tensor& moved) { return detail::held(net.conditioner(moved)); });
}

/// ∇·f = Σ_i ∂f_i/∂x_i of a HollowNet: exact, of shape (…) for x of shape (…, d), at the cost of one D¹.
template <HollowFunction Net>
Tensor divergence(const Net& net, const Tensor& x) {
  return detail::sum_of_last_axis(dimwise(net, x, 1)[1]);
}

}  // namespace dimwise
