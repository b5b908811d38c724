#pragma once

#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "autodiff/dimwise.hpp"
#include "autodiff/tensor.hpp"
#include "hollow/net/hollow_net.hpp"
#include "hollow/solve/linear/sparse_matrix.hpp"

namespace dimwise {

/// The state of an ODE: a list of tensors of one dtype, such as {x, log p}.
using State = std::vector<Tensor>;

/// dy/dt = f(t, y), of the same structure as y. t is 0-d float64 whatever the state's dtype: times such as 1e8 seconds
/// do not fit float32. In t * y it is cast to the dtype of a y that has axes; with a 0-d float32 tensor use astype.
/// Both t and y may be tracked. With `OdeOptions::own_steps`, t is (m, 1) for the m rows of y.
using VectorField = std::function<State(const Tensor& t, const State& y)>;

/// f and D f at one point: D_i = ∂f_i/∂y_i, of the structure of the state; undefined tensors of D are 0.
struct ValueAndDiagonal {
  State f, d;
};

/// The right-hand side of dy/dt = f(t, y), optionally with its Jacobian or the Jacobian's diagonal for implicit
/// methods, or split into a stiff and a non-stiff part: dy/dt = f(t, y) + nonstiff(t, y).
///
/// The last axis of a state tensor is d; all leading axes are batch, whose rows do not depend on each other, unless
/// implicit methods are told otherwise or find out (`OdeImplicitOptions::coupling`). A function (t, y) → State converts
/// to a term; its Jacobian's diagonal, if needed, then takes d reverse passes.
///
/// Example: `odeint([](const Tensor&, const State& y) { return State{-y[0]}; }, {x}, {0, 1});`
struct OdeTerm {
  VectorField f;
  /// f and D f together: `dimwise` computes them at little more cost than f alone.
  std::function<ValueAndDiagonal(const Tensor& t, const State& y)> with_diagonal = nullptr;
  /// ∂f/∂y, (…, n, n), of the state tensors concatenated along their last axis, without quadratures. If not given, it
  /// takes n reverse passes, or n evaluations if f is not recorded. With RowCoupling::full, (N, N) of all unknowns,
  /// tensor after tensor. With `sparsity`, the values of its entries, (…, nonzeros).
  std::function<Tensor(const Tensor& t, const State& y)> jacobian = nullptr;
  /// The entries of ∂f/∂y that may differ from 0, at any t and y, the same for each row. The Jacobian then takes as
  /// many forward sweeps as the pattern's columns have colors (or reverse sweeps, as its rows have), and one that
  /// checks the pattern; equations are solved by a sparse or band LU. Without it, a pattern is searched for if there
  /// are more than 200 unknowns and the corrector is newton or automatic. If f is not recorded, evaluations take the
  /// place of sweeps. A rule without jvp in f makes the Jacobian dense.
  std::optional<SparsityPattern> sparsity = std::nullopt;
  /// For newton_krylov: P⁻¹ for a P close to I − γ ∂f/∂y, a function of states like y, used for up to 20 steps, until γ
  /// changes by 30 %. Without it, the diagonal serves, if it is known. Of coupled stages (radau5), γ is the
  /// modulus of the complex pair. Gradients do not use it.
  std::function<std::function<State(const State& v)>(const Tensor& t, const State& y, double gamma)> preconditioner =
      nullptr;
  /// The non-stiff part, which `is_imex` methods treat explicitly; f is the stiff part, and what
  /// else this term says is about f alone. Other methods solve the sum, and compute its Jacobian without that.
  VectorField nonstiff = nullptr;
  /// M in M y' = f(t, y), of the unknowns of a row, as the Jacobian; without it, I. It may be singular, see
  /// `mass_term`.
  std::optional<SparseMatrix> mass = std::nullopt;

  // A function converts to a term.
  template <class F, class = std::enable_if_t<std::is_invocable_r_v<State, F, const Tensor&, const State&>>>
  OdeTerm(F field) : f(std::move(field)) {}  // NOLINT(google-explicit-constructor)
  OdeTerm(VectorField field, std::function<ValueAndDiagonal(const Tensor&, const State&)> both,
          std::function<Tensor(const Tensor&, const State&)> matrix = nullptr)
      : f(std::move(field)), with_diagonal(std::move(both)), jacobian(std::move(matrix)) {}

  /// The whole right-hand side: f(t, y), plus nonstiff(t, y) if there is one. Throws ShapeError or DTypeError unless
  /// both fit y.
  State operator()(const Tensor& t, const State& y) const;
};

/// The term dy/dt = stiff(t, y) + nonstiff(t, y): implicit–explicit methods (`is_imex`) solve equations of the stiff
/// part alone, and take the non-stiff part explicitly. It should limit the steps by accuracy, not by stability:
/// advection beside diffusion, slow reactions beside fast ones. Other methods solve the sum.
///
/// Kennedy & Carpenter, Additive Runge–Kutta schemes for convection–diffusion–reaction equations (2003).
/// Example: `odeint(split_term(diffusion, advection), {u}, {0, 1}, {.method = "kencarp4"});`
OdeTerm split_term(OdeTerm stiff, VectorField nonstiff);

/// The term M dy/dt = f(t, y) with a constant matrix M, (n, n), or (n): its diagonal. Methods with `takes_mass` (bdf,
/// radau5) solve it, by the correctors newton, newton_krylov and automatic; large M are better given sparse, as
/// `OdeTerm::mass`.
///
/// M may be singular: a differential–algebraic equation of index 1, such that M − γ ∂f/∂y has an inverse for small γ >
/// 0. The start must satisfy the algebraic equations, `consistent_state` computes one that does. M and what f captures
/// get gradients, direct or checkpointed; times and events do not. Hairer & Wanner, Solving ODEs II, VI.1.
///
/// Example, y0 = x² beside dx/dt = −y0:
/// ```cpp
/// const OdeTerm term = mass_term(tensor({1, 0}), [](const Tensor&, const State& y) -> State {
///   const Tensor x = select(y[0], -1, 0), z = select(y[0], -1, 1);
///   return {stack({-z, z - x * x}, -1)};
/// });
/// ```
OdeTerm mass_term(const Tensor& mass, OdeTerm term);

/// The term dx/dt = f(t, x) of a HollowNet, with its diagonal by `dimwise`; its weights are prepared once. Throws
/// ValueError if `inputs` are not those the net was constructed for.
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
