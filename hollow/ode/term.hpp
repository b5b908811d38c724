#pragma once

#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#include "autodiff/dimwise.hpp"
#include "autodiff/tensor.hpp"
#include "hollow/net/hollow_net.hpp"

namespace dimwise {

/// The state of an ODE: a list of tensors of one dtype, such as {x, log p}.
using State = std::vector<Tensor>;

/// dy/dt = f(t, y), of the same structure as y; t is 0-d, of the state's dtype. Neither t nor y is to be assumed
/// untracked.
using VectorField = std::function<State(const Tensor& t, const State& y)>;

/// f and D f at one point: D_i = ∂f_i/∂y_i, of the structure of the state; undefined tensors of D are 0.
struct ValueAndDiagonal {
  State f, d;
};

/// The right-hand side of dy/dt = f(t, y), with what is known of its Jacobian: implicit methods want more than f.
///
/// The last axis of a state tensor is d; all leading axes are batch, and rows do not depend on each other. A function
/// (t, y) → State is a term by itself; its Jacobian's diagonal is then found by d reverse passes where it is asked for.
///
/// Example: `odeint([](const Tensor&, const State& y) { return State{-y[0]}; }, {x}, {0, 1});`
struct OdeTerm {
  VectorField f;
  /// Both at once: `dimwise` gives them for little more than f alone.
  std::function<ValueAndDiagonal(const Tensor& t, const State& y)> with_diagonal = nullptr;
  /// ∂f/∂y, (…, n, n), of the state tensors side by side along their last axis, quadratures left out; without it, n
  /// reverse passes.
  std::function<Tensor(const Tensor& t, const State& y)> jacobian = nullptr;

  // A function is a term.
  template <class F, class = std::enable_if_t<std::is_invocable_r_v<State, F, const Tensor&, const State&>>>
  OdeTerm(F field) : f(std::move(field)) {}  // NOLINT(google-explicit-constructor)
  OdeTerm(VectorField field, std::function<ValueAndDiagonal(const Tensor&, const State&)> both,
          std::function<Tensor(const Tensor&, const State&)> matrix = nullptr)
      : f(std::move(field)), with_diagonal(std::move(both)), jacobian(std::move(matrix)) {}
};

/// The term dx/dt = f(t, x) of a HollowNet, with its diagonal by `dimwise`; its weights are prepared once. Throws
/// ValueError where `inputs` are not those that the net was made for.
///
/// Example: `odeint(hollow_term(net), {x}, {0, 1}, {.method = "bdf", .implicit = {.corrector = "jacobi_newton"}});`
template <class Net>
requires requires(const Net& net, const Tensor& t) { net.prepare(t).at(t); }
OdeTerm hollow_term(const Net& net, const HollowInputs& inputs = {}) {
  const auto at = [ready = net.prepare(inputs.context), time = inputs.time](const Tensor& t) {
    return ready.at(time ? t : Tensor());
  };
  return {[at](const Tensor& t, const State& y) -> State { return {at(t)(y[0])}; },
          [at](const Tensor& t, const State& y) -> ValueAndDiagonal {
            const std::vector<Tensor> d = dimwise(at(t), y[0], 1);
            return {{d[0]}, {d[1]}};
          }};
}

}  // namespace dimwise
