#include "hollow/ode/implicit/corrector.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/context.hpp"
#include "autodiff/node.hpp"
#include "hollow/ode/implicit/automatic.hpp"
#include "hollow/ode/implicit/stage_matrix.hpp"
#include "hollow/solve/implicit.hpp"
#include "hollow/solve/linear/gmres.hpp"
#include "ops/arithmetic.hpp"
#include "ops/linear_combination.hpp"

namespace dimwise::ode {

namespace {

constexpr int usual_iterations = 3, exact_iterations = 12, patient_iterations = 100;
constexpr double exact_tolerance = 1e-3;  // a share of the tolerance below which the aim is rounding, not economy
constexpr int longest_age = 20, longest_matrix_age = 50;

const char* const names[] = {"functional", "jacobi_newton", "newton", "newton_krylov"};

// I − γ J, row by row.
Tensor newton_matrix(const Tensor& jacobian, double gamma) {
  return eye(jacobian.dim(-1), jacobian.dtype()) - gamma * jacobian;
}

}  // namespace

Corrector::Corrector(std::shared_ptr<System> system, bool stiff)
    : system_(std::move(system)), automatic_(system_->options.corrector == "automatic"), stiff_(stiff) {
  if (!automatic_) {
    const auto found = std::find(std::begin(names), std::end(names), system_->options.corrector);
    use(static_cast<Kind>(found - std::begin(names)));
  } else if (stiff_) {
    fall_back();
  } else {
    use(Kind::functional);
  }
}

void Corrector::use(Kind kind) {
  kind_ = kind;
  made_ = false;
  rate_ = 1;
  least_rate_ = 0;
  system_->statistics.corrector = names[static_cast<size_t>(kind)];
}

// From functional iteration on to the diagonal, from there to the whole Jacobian.
void Corrector::fall_back() {
  if (kind_ == Kind::functional && system_->has_diagonal()) return use(Kind::jacobi_newton);
  use(whole_jacobian(system_->unknowns()) == "newton" ? Kind::newton : Kind::newton_krylov);
}

bool Corrector::needs_setup(double gamma) const {
  if (kind_ == Kind::functional) return false;
  if (!made_ || age_ >= longest_age) return true;
  return (kind_ == Kind::newton || watched()) && std::abs(gamma / gamma_ - 1) > gamma_change;
}

State Corrector::evaluate(const StepEquation& equation, const State& y, bool setup) {
  if (kind_ == Kind::newton_krylov) {
    if (setup && system_->has_diagonal()) diagonal_ = system_->with_diagonal(equation.t, y).d;
    System::Linearized linear = system_->linearize(equation.t, y);
    product_ = std::move(linear.product);
    return linear.f;
  }
  if (!setup) return system_->f(equation.t, y);
  if (kind_ == Kind::jacobi_newton) {
    System::WithDiagonal both = system_->with_diagonal(equation.t, y);
    diagonal_ = std::move(both.d);
    gamma_ = equation.gamma;
    return both.f;
  }
  if (!matrix_.defined() || matrix_bad_ || matrix_age_ >= longest_matrix_age) {
    matrix_ = system_->jacobian(equation.t, y);
    matrix_age_ = 0;
    matrix_bad_ = false;
  }
  lu_.emplace(newton_matrix(matrix_, equation.gamma));
  gamma_ = equation.gamma;
  ++system_->statistics.factorizations;
  return system_->f(equation.t, y);
}

// 1 / (1 − γ D); a denominator near 0, as where D f > 0 and the step is long, is kept away from it.
Tensor Corrector::diagonal_inverse(double gamma) const {
  const Tensor denominator = 1 - gamma * diagonal_;
  return dispatch(denominator.dtype(), [&](auto type) {
    using T = decltype(type);
    Tensor inverse = empty(denominator.shape(), denominator.dtype());
    const T* in = denominator.node()->template data<T>();
    T* out = inverse.node()->template data<T>();
    const T bound = static_cast<T>(smallest_denominator);
    for (int64_t i = 0; i < denominator.size(); ++i)
      out[i] = 1 / (std::abs(in[i]) < bound ? std::copysign(bound, in[i]) : in[i]);
    return inverse;
  });
}

Tensor Corrector::update(const Tensor& residual, double gamma, const Tensor& weights, double tolerance) {
  switch (kind_) {
    case Kind::functional:
      return residual;
    case Kind::jacobi_newton:
      return diagonal_inverse(gamma) * residual;
    case Kind::newton:
      if (lu_->singular()) return full(residual.shape(), std::nan(""), residual.dtype());
      // A γ that has moved on since the factors were made is made up for in the mean of all stiffnesses.
      return stiff_ ? 2 / (1 + gamma / gamma_) * lu_->solve(residual) : lu_->solve(residual);
    case Kind::newton_krylov:
      break;
  }
  GmresOptions options{.rtol = 0, .atol = 0.05 * tolerance, .weights = weights};
  if (diagonal_.defined()) {
    const Tensor inverse = diagonal_inverse(gamma);
    options.preconditioner = [inverse](const Tensor& v) { return inverse * v; };
  }
  return gmres([&](const Tensor& v) { return v - gamma * product_(v); }, residual, options).x;
}

Corrector::Outcome Corrector::iterate(const StepEquation& equation, const State& guess, const Tensor& weights,
                                      double tolerance, int most, bool setup, State& y) {
  const Tensor delta = system_->pack(equation.delta);
  Tensor u = system_->pack(guess);
  y = guess;
  double before = 0;
  for (int m = 0; m < most; ++m) {
    const State f = evaluate(equation, y, setup && m == 0);
    if (setup && m == 0) {
      made_ = true;
      age_ = 0;
      rate_ = 1;
    }
    ++system_->statistics.iterations;
    const Tensor residual = linear_combination({system_->pack(f), delta, u}, {-equation.gamma, -1, 1});
    const Tensor step = update(residual, equation.gamma, weights, tolerance);
    if (setup && m == 0 && watched()) {
      const System::Linearized linear = system_->linearize(equation.t, y);
      const Tensor scale = equation.gamma * diagonal_inverse(equation.gamma);
      least_rate_ = neglected(*system_, linear.product, diagonal_, scale, step, weights);
      if (!diagonal_serves(least_rate_, system_->unknowns())) return Outcome::too_slow;
    }
    u = u - step;
    State next = system_->unpack(u, y);
    for (size_t i = 0; i < next.size(); ++i)
      if (system_->quadrature(i)) next[i] = linear_combination({f[i], equation.delta[i]}, {equation.gamma, 1});
    y = std::move(next);
    const double size = system_->unknown_norm({step}, {weights});
    if (!std::isfinite(size)) return Outcome::not_finite;
    if (m > 0 && before > 0) {
      const double measured = size / before;
      rate_ = std::max(0.3 * rate_, measured);
      if (measured > 1 && size > tolerance) return Outcome::too_slow;
    }
    // Before a contraction was seen, the update itself is the estimate.
    const double rate = std::max(rate_, least_rate_), factor = rate < 1 ? rate / (1 - rate) : 1;
    if (size * factor <= tolerance || size == 0) return Outcome::converged;
    before = size;
  }
  return Outcome::too_slow;
}

// Whether `automatic` has seen enough of what it uses. Functional iteration may ask for a shorter step now and then, if
// there is a choice.
bool Corrector::gives_up(Outcome outcome, bool patient) {
  if (kind_ == Kind::functional) {
    failing_ = outcome == Outcome::too_slow ? failing_ + 1 : std::max(0.0, failing_ - 0.1);
    return failing_ >= 3 || (patient && outcome == Outcome::too_slow);
  }
  return kind_ == Kind::jacobi_newton && outcome == Outcome::too_slow;
}

Corrector::Result Corrector::solve(const StepEquation& equation, const State& guess, const State& weights,
                                   double tolerance, bool patient) {
  const NoGrad guard;
  const Tensor unknown_weights = system_->pack(weights);
  Result result;
  const int most = patient                                                  ? patient_iterations
                   : system_->options.corrector_tolerance < exact_tolerance ? exact_iterations
                                                                            : usual_iterations;
  bool setup = needs_setup(equation.gamma);
  if (kind_ == Kind::functional) rate_ = 1;  // it depends on γ alone, which every step may change
  ++age_;
  ++matrix_age_;
  Outcome outcome = iterate(equation, guess, unknown_weights, tolerance, most, setup, result.y);
  const bool fresh = setup && (kind_ != Kind::newton || matrix_age_ == 0);
  if (outcome != Outcome::converged && !fresh && kind_ != Kind::functional && kind_ != Kind::newton_krylov) {
    matrix_bad_ = true;
    setup = true;
    outcome = iterate(equation, guess, unknown_weights, tolerance, most, setup, result.y);
  }
  while (automatic_ && gives_up(outcome, patient)) {
    fall_back();
    outcome = iterate(equation, guess, unknown_weights, tolerance, most, true, result.y);
  }
  product_ = nullptr;  // it holds the record of an evaluation
  result.converged = outcome == Outcome::converged;
  if (!result.converged) {
    ++system_->statistics.corrector_failures;
    made_ = false;
    matrix_bad_ = true;
  }
  return result;
}

State Corrector::attach(const StepEquation& equation, const State& y) const {
  const auto f = [&](const Tensor& u) { return system_->f(equation.t, system_->unpack(u, y)); };
  const Tensor delta = system_->pack(equation.delta);
  // Dense where the matrix served the step; by GMRES, with what diagonal there is, where it was not needed.
  ImplicitOptions how;
  if (kind_ == Kind::newton) how.method = ImplicitMethod::dense;
  if (kind_ != Kind::newton && diagonal_.defined()) how.diagonal = 1 - equation.gamma * diagonal_;
  const Tensor root = implicit_root(
      [&](const Tensor& u) {
        return linear_combination({system_->pack(f(u)), delta, u}, {-equation.gamma, -1, 1});
      },
      system_->pack(y), how);
  State attached = system_->unpack(root, y);
  bool quadratures = false;
  for (size_t i = 0; i < y.size(); ++i) quadratures = quadratures || system_->quadrature(i);
  if (!quadratures) return attached;
  const State k = system_->f(equation.t, attached);
  for (size_t i = 0; i < y.size(); ++i)
    if (system_->quadrature(i)) attached[i] = linear_combination({k[i], equation.delta[i]}, {equation.gamma, 1});
  return attached;
}

}  // namespace dimwise::ode
