#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// The state of an ODE: a list of tensors of one dtype, such as {x, log p}.
using State = std::vector<Tensor>;

/// dy/dt = f(t, y), of the same structure as y; t is 0-d, of the state's dtype. Neither t nor y is to be assumed
/// untracked.
using VectorField = std::function<State(const Tensor& t, const State& y)>;

enum class OdeStatus : uint8_t {
  success,
  max_steps_reached,  ///< `max_steps` steps were tried
  dt_too_small,       ///< the error asks for a step below `dt_min`, or below the rounding of t
  non_finite,         ///< a NaN or an infinity that no shorter step avoids
};
const char* name(OdeStatus status);

/// How gradients pass a solve.
enum class OdeGradient : uint8_t {
  direct,  ///< through the recorded steps: exact for the discrete solution, memory grows with the steps, differentiable
           ///< to any order
  adjoint,  ///< a second solve backwards along the stored solution: memory of the states and stages only, once
            ///< differentiable
};

struct OdeOptions {
  std::string method = "dopri5";  ///< euler, heun, rk4: fixed steps; dopri5: adaptive, order 5
  double rtol = 1e-6, atol = 1e-8;
  /// Adaptive methods: the first step, 0 to choose. Fixed-step methods: the longest step; the intervals between
  /// requested times are cut into equal ones.
  double dt = 0;
  int64_t steps =
      0;  ///< instead of dt, for any method: equal steps, without control, this many between requested times
  double dt_min = 0, dt_max = std::numeric_limits<double>::infinity();
  int64_t max_steps = 10000;  ///< steps tried, rejected ones included
  /// Which state tensors enter the error norm, the RMS of error / (atol + rtol·|y|) over all their elements; empty for
  /// all.
  std::vector<bool> controlled = {};
  /// State tensors that f does not read: they are kept as they were within a step, which saves time. Empty for none.
  std::vector<bool> quadratures = {};
  std::vector<double> grid =
      {};  ///< the `grid` of an earlier solution: the same steps again, bit for bit, without control
  OdeGradient gradient = OdeGradient::direct;
  // The adjoint's own method and tolerances; by default those of the solve.
  std::string adjoint_method = {};
  double adjoint_rtol = 0, adjoint_atol = 0;
};

struct OdeStatistics {
  int64_t evaluations = 0;  ///< of f; for the adjoint, of f and its pull
  int64_t accepted = 0, rejected = 0;
  double last_dt = 0;  ///< length of the last step accepted
  double next_dt = 0;  ///< length of the step an adaptive method would try next: a first `dt` for a solve that goes on
};

struct OdeSolution {
  std::vector<State> y;  ///< at those of the requested times that were reached, the first included
  OdeStatus status = OdeStatus::success;
  std::string message;  ///< what happened: t, dt, the worst component, what to do; empty on success
  OdeStatistics statistics;
  std::vector<double> grid;  ///< start and end of every accepted step
  /// Counts of the adjoint's solves, added up as gradients are asked for; null with the direct gradient.
  std::shared_ptr<const OdeStatistics> adjoint;
};

/// The solution of y' = f(t, y), y(times[0]) = y0, at increasing or decreasing times.
///
/// Explicit Runge–Kutta methods. Adaptive steps are not shortened for requested times, which are interpolated (dopri5:
/// order 4); only the last is hit. Accepted times are data: no gradient passes step sizes. What is tracked (y0, tensors
/// captured by f) gets its gradient. A solve that fails says so in `status`; `check` throws it. Throws ValueError for
/// options that make no sense, ShapeError or DTypeError where f's result does not fit y.
///
/// Example: `auto s = odeint([&](const Tensor&, const State& y) { return State{-y[0]}; }, {x}, {0, 1}); Tensor x1 =
/// check(s).y.back()[0];`
OdeSolution odeint(const VectorField& f, const State& y0, const std::vector<double>& times,
                   const OdeOptions& options = {});

/// The solution itself. Throws SolverError with its message unless the end was reached.
const OdeSolution& check(const OdeSolution& solution);
OdeSolution check(OdeSolution&& solution);

}  // namespace dimwise
