#pragma once

#include <concepts>
#include <functional>
#include <utility>
#include <vector>

#include "autodiff/tape.hpp"

namespace dimwise {

// Tape forms: derivatives of tensors already computed from tracked ones.

struct GradOptions {
  std::vector<Tensor> holding = {};  ///< constant for this sweep
  bool record = true;                ///< whether the sweep itself is recorded, so that it can be differentiated again
};

/// ∂y/∂x of a y with one element, in the shape of x. Throws ShapeError for larger y, ValueError for an untracked x.
///
/// Example: `auto x = track(tensor({1, 2})); Tensor g = grad(sum(x * x), x);`
Tensor grad(const Tensor& y, const Tensor& x, const GradOptions& options = {});
/// The same for several tensors in one sweep.
std::vector<Tensor> grad(const Tensor& y, const std::vector<Tensor>& xs, const GradOptions& options = {});
/// wᵀ ∂y/∂x.
Tensor vjp(const Tensor& y, const Tensor& x, const Tensor& w, const GradOptions& options = {});
/// ∂y/∂x v.
Tensor jvp(const Tensor& y, const Tensor& x, const Tensor& v, const GradOptions& options = {});

/// ∂²y/∂x² v of a y with one element, forward over reverse.
Tensor hvp(const Tensor& y, const Tensor& x, const Tensor& v, const GradOptions& options = {});
/// ∂y/∂x, of shape (y's…, x's…). Cost: one reverse pass for each element of y.
Tensor jacobian(const Tensor& y, const Tensor& x, const GradOptions& options = {});
/// ∂²y/∂x², of shape (x's…, x's…), of a y with one element.
Tensor hessian(const Tensor& y, const Tensor& x, const GradOptions& options = {});

// Functional forms: derivatives of functions. The function runs on an alias of x, so that transforms nest without
// confusion. The result is recorded if and only if it depends on a tracked tensor (x itself, or one the function
// captures).

using Function = std::function<Tensor(const Tensor&)>;

/// x ↦ ∂f/∂x, for f with one element. `grad(grad(f))` is the second derivative of a scalar function.
Function grad(Function f);
namespace detail {
std::pair<Tensor, Tensor> value_and_grad(const Function& f, const Tensor& x);
}
/// f(x) and ∂f/∂x.
template <class F, std::same_as<Tensor> X>
std::pair<Tensor, Tensor> value_and_grad(const F& f, const X& x) {
  return detail::value_and_grad(f, x);
}
/// f(x) and wᵀ ∂f/∂x. Cost: one forward and one reverse pass.
std::pair<Tensor, Tensor> vjp(const Function& f, const Tensor& x, const Tensor& w);
/// f(x) and ∂f/∂x v. Cost: one forward pass and its linearization.
std::pair<Tensor, Tensor> jvp(const Function& f, const Tensor& x, const Tensor& v);
/// ∂²f/∂x² v of an f with one element, forward over reverse.
Tensor hvp(const Function& f, const Tensor& x, const Tensor& v);
/// ∂f/∂x, of shape (f's…, x's…). Cost: one reverse pass for each element of f.
Tensor jacobian(const Function& f, const Tensor& x);
/// ∂²f/∂x², of shape (x's…, x's…), of an f with one element.
Tensor hessian(const Function& f, const Tensor& x);

}  // namespace dimwise
