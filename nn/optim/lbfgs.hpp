#pragma once

#include <functional>

#include "nn/optim/state.hpp"

namespace dimwise {

namespace detail {
// −H g by the two-loop recursion from pairs, oldest first, with H₀ = sᵀy/yᵀy of the newest.
std::vector<double> lbfgs_direction(const std::vector<std::vector<double>>& steps,
                                    const std::vector<std::vector<double>>& changes,
                                    const std::vector<double>& gradient);
}  // namespace detail

/// L-BFGS with a strong-Wolfe line search: directions from the last `history` pairs of steps and changes of the
/// gradient by the two-loop recursion, step lengths by safeguarded cubic interpolation.
///
/// For losses without noise. Nocedal & Wright: Numerical Optimization (2006), algorithms 7.4, 3.5 and 3.6.
///
/// Example: `Lbfgs optimizer; double loss = optimizer.step(model, [&](const auto& m) { return mean(square(m(x) - y));
/// });`
struct Lbfgs {
  double lr = 1;                   ///< first trial length of each line search
  int64_t max_iterations = 20;     ///< in one `step`
  int64_t max_evaluations = 25;    ///< of the loss in one line search
  int64_t history = 100;           ///< pairs kept
  double tolerance_grad = 1e-7;    ///< on the largest |∂loss/∂p|
  double tolerance_change = 1e-9;  ///< on the largest change of p, and on the change of the loss

  std::vector<std::vector<double>> steps = {}, changes = {};  ///< the pairs, oldest first
  int64_t iterations = 0, evaluations = 0;                    ///< in all steps so far

  /// Runs up to `max_iterations`, updates the model's parameters and returns their loss. Throws ValueError if the loss
  /// is not finite at the start or depends on no parameter, or if history < 1.
  template <Module M, class Loss>
  double step(M& model, Loss&& loss) {
    std::vector<Tensor> values = parameters(model);
    const auto with = [&](const std::vector<Tensor>& p) {
      size_t i = 0;
      return map_parameters(model, [&](const std::string&, const Tensor&) { return p[i++]; });
    };
    const double reached = minimize(values, [&](const std::vector<Tensor>& p) {
      auto [y, gradient] = value_and_grad(loss, with(p));
      return std::make_pair(y.item(), parameters(gradient));
    });
    model = with(values);
    return reached;
  }

  /// lr, n_iter, func_evals and, if there are pairs, old_stps and old_dirs: the steps and the changes of the gradient,
  /// each of shape (pairs, numbers).
  std::map<std::string, Tensor> state_dict(const std::string& prefix = "") const;
  /// Throws CheckpointError, with the entry's name, for an invalid entry; nothing is changed then.
  void load_state_dict(const std::map<std::string, Tensor>& saved, const std::string& prefix = "");

  /// The loss and its gradient at given values.
  using Objective = std::function<std::pair<double, std::vector<Tensor>>(const std::vector<Tensor>& values)>;
  double minimize(std::vector<Tensor>& values, const Objective& objective);
};

}  // namespace dimwise
