#pragma once

#include <concepts>
#include <functional>
#include <vector>

#include "autodiff/context.hpp"
#include "autodiff/tape.hpp"

namespace dimwise {

/// How dimension-wise derivatives are computed.
enum class DimwiseMethod : uint8_t {
  automatic,  ///< the faster one for the requested order, by measurement
  reverse,    ///< k recorded pulls of ones
  taylor,     ///< one jet along ones: all orders together
};

struct DimwiseOptions {
  std::vector<Tensor> holding = {};  ///< tape form: the conditioner's outputs, constant for these sweeps
  int order = 1;
  DimwiseMethod method = DimwiseMethod::automatic;
  bool record = true;  ///< tape form: whether the last sweep is recorded too
};

/// ∂^k y_i/∂x_i^k, of the shape of x, for a y whose Jacobian with the held tensors constant is diagonal.
///
/// Cost: one reverse pass per order, or one Taylor jet for all orders, whatever the dimension (the last axis; all
/// others are batch). The held tensors stay attached: gradients of the result reach them. The result is 0 if y does not
/// depend on x. Throws ShapeError unless y and x have equal shapes, and ValueError if a check finds that the Jacobian
/// is not diagonal: calls 1, 2, 4, 8, … of the same ops, or all within a `DiagonalCheck`, are checked by two more
/// pulls. Source: Chen & Duvenaud (2019), section 2.
///
/// Example: `auto h = c(x), y = tau(x, h); Tensor d1 = dimwise(y, x, {.holding = {h}});`
Tensor dimwise(const Tensor& y, const Tensor& x, const DimwiseOptions& options);

/// A function f_i(x) = τ_i(x_i, h_i) with h = c(x), ∂h_i/∂x_i = 0.
///
/// `conditioner(x)` returns one or several tensors of shape (…, d, d_h); given h, rows of `transformer(x, h)` are
/// independent.
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
/// The results are recorded if and only if they depend on a tracked tensor (x, a parameter). Cost: one pass of the
/// conditioner, one forward pass of the transformer, and one more of the transformer for each order.
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
