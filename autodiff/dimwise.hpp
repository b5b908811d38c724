#pragma once

#include <concepts>
#include <functional>
#include <vector>

#include "autodiff/tape.hpp"

namespace dimwise {

/// How dimension-wise derivatives are computed.
enum class Method : uint8_t {
  automatic,  ///< whichever is measured to be faster for the order asked
  reverse,    ///< k recorded pulls of ones
  taylor,     ///< one jet along ones: all orders at once
};

struct DimwiseOptions {
  std::vector<Tensor> holding = {};  ///< tape form: the conditioner's outputs, constant for these sweeps
  int order = 1;
  Method method = Method::automatic;
  bool record = true;  ///< tape form: whether the last sweep is recorded too
};

/// ∂^k y_i/∂x_i^k for a y whose Jacobian, past the held tensors, is diagonal: the shape of x.
///
/// One reverse pass an order, or one Taylor jet for all, whatever the dimension (the last axis; all others are batch).
/// The held tensors stay attached: gradients of the result reach them. Zeros where y does not depend on x. Throws
/// ShapeError unless y and x have one shape; under `DiagonalCheck` ValueError where the Jacobian is not diagonal.
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
std::vector<Tensor> dimwise(const Tensor& x, int order, Method method,
                            const std::function<Tensor(const Tensor&)>& transformer);
void check_conditioner(const Tensor& x, const Held& h, const std::function<Held(const Tensor&)>& conditioner);
bool checking();
}  // namespace detail

/// {f, D¹f, …, D^k f} of a HollowNet at x, each of the shape of x.
///
/// The results are recorded exactly if something tracked enters (x, a parameter). Cost: the conditioner once, the
/// transformer forward and once again for each order.
///
/// Example: `auto d = dimwise(net, x, 2); Tensor f = d[0], d1 = d[1], d2 = d[2];`
template <HollowFunction Net>
std::vector<Tensor> dimwise(const Net& net, const Tensor& x, int order = 1, Method method = Method::automatic) {
  const auto h = net.conditioner(x);
  if (detail::checking())
    detail::check_conditioner(x, detail::held(h),
                              [&](const Tensor& moved) { return detail::held(net.conditioner(moved)); });
  return detail::dimwise(x, order, method, [&](const Tensor& inner) { return net.transformer(inner, h); });
}

/// ∇·f = Σ_i ∂f_i/∂x_i of a HollowNet: exact, of shape (…) for x of shape (…, d), at the cost of one D¹.
template <HollowFunction Net>
Tensor divergence(const Net& net, const Tensor& x);

/// Σ over the last axis, which is dropped.
Tensor sum_last(const Tensor& x);

template <HollowFunction Net>
Tensor divergence(const Net& net, const Tensor& x) {
  return sum_last(dimwise(net, x, 1)[1]);
}

/// While it lives, every `dimwise` of this thread checks that vᵀJ = v ⊙ (1ᵀJ) for a random v, and, in the module form,
/// that no h_i moves with its x_i. On in the tests; costs one more sweep and one more conditioner.
class DiagonalCheck {
 public:
  explicit DiagonalCheck(bool on = true);
  ~DiagonalCheck();
  DiagonalCheck(const DiagonalCheck&) = delete;
  DiagonalCheck& operator=(const DiagonalCheck&) = delete;

 private:
  bool before_;
};

}  // namespace dimwise
