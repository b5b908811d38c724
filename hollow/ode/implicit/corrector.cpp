#include "hollow/ode/implicit/corrector.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/context.hpp"
#include "hollow/solve/implicit.hpp"
#include "ops/arithmetic.hpp"
#include "ops/linear_combination.hpp"

namespace dimwise::ode {

namespace {

constexpr int usual_iterations = 3, exact_iterations = 12, patient_iterations = 100;
constexpr double exact_tolerance = 1e-3;  // below this fraction, solve to rounding
constexpr int longest_age = 20, longest_matrix_age = 50;

}  // namespace

Corrector::Corrector(std::shared_ptr<System> system, bool stiff)
    : system_(std::move(system)),
      stiff_(stiff),
      linearization_(system_, stiff),
      matrix_(system_, {{1}}, gamma_change),
      pattern_(1, system_->mass) {}

void Corrector::fall_back() {
  linearization_.fall_back();
  made_ = false;
  rate_ = 1;
  least_rate_ = 0;
}

bool Corrector::needs_setup(double gamma) const {
  if (linearization_.functional()) return false;
  if (!made_ || age_ >= longest_age) return true;
  return (linearization_.kind() == CorrectorKind::newton || linearization_.watched()) &&
         std::abs(gamma / gamma_ - 1) > gamma_change;
}

State Corrector::evaluate(const StepEquation& equation, const State& y, bool setup) {
  std::optional<State> f;
  if (setup) {
    if (!linearization_.jacobian.defined() || matrix_bad_ || matrix_age_ >= longest_matrix_age) {
      f = linearization_.refresh(equation.t, y);
      matrix_age_ = 0;
      matrix_bad_ = false;
    }
    matrix_.prepare(linearization_, equation.gamma);
    gamma_ = equation.gamma;
    made_ = true;
    age_ = 0;
    rate_ = 1;
  }
  return f ? *std::move(f) : linearization_.follow(equation.t, y);
}

Tensor Corrector::residual(const StepEquation& equation, const Tensor& delta, const Tensor& u, const State& f) const {
  if (!system_->mass) return linear_combination({system_->pack(f), delta, u}, {-equation.gamma, -1, 1});
  return linear_combination({system_->pack(f), system_->times_mass(u - delta)}, {-equation.gamma, 1});
}

Tensor Corrector::update(const Tensor& residual, double gamma, const Tensor& weights, double tolerance) {
  const Stages x = matrix_.solve(linearization_, gamma, {residual}, weights, krylov_share * tolerance);
  if (x.empty()) return {};
  // The factors belong to γ₀ = gamma_: 2 / (1 + γ/γ₀) compensates for the change of γ, in the mean over all
  // stiffnesses.
  return stiff_ && linearization_.kind() == CorrectorKind::newton ? 2 / (1 + gamma / gamma_) * x[0] : x[0];
}

Corrector::Outcome Corrector::iterate(const StepEquation& equation, const State& guess, const Tensor& weights,
                                      double tolerance, int most, bool setup, State& y) {
  const Tensor delta = system_->pack(equation.delta);
  Tensor u = system_->pack(guess);
  y = guess;
  double before = 0;
  for (int m = 0; m < most; ++m) {
    const State f = evaluate(equation, y, setup && m == 0);
    ++system_->statistics.iterations;
    const Tensor step = update(residual(equation, delta, u, f), equation.gamma, weights, tolerance);
    if (!step.defined()) return Outcome::not_finite;
    if (setup && m == 0)
      if (const auto radius = linearization_.off_diagonal_radius(equation.gamma, step, weights)) {
        least_rate_ = *radius;
        if (!linearization_.diagonal_suffices(*radius)) return Outcome::too_slow;
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
    // Before a contraction was measured, the update itself is the estimate.
    const double rate = std::max(rate_, least_rate_), factor = rate < 1 ? rate / (1 - rate) : 1;
    if (size * factor <= tolerance || size == 0) return Outcome::converged;
    before = size;
  }
  return Outcome::too_slow;
}

// Whether `automatic` changes to another corrector. Functional iteration may fail occasionally if the step can be
// shortened.
bool Corrector::gives_up(Outcome outcome, bool patient) {
  if (linearization_.functional()) {
    failing_ = outcome == Outcome::too_slow ? failing_ + 1 : std::max(0.0, failing_ - 0.1);
    return failing_ >= 3 || (patient && outcome == Outcome::too_slow);
  }
  return linearization_.kind() == CorrectorKind::jacobi_newton && outcome == Outcome::too_slow;
}

Corrector::Result Corrector::solve(const StepEquation& equation, const State& guess, const State& weights,
                                   double tolerance, bool patient) {
  const NoGrad guard;
  const Tensor unknown_weights = system_->pack(weights);
  Result result;
  const int most = patient                                                 ? patient_iterations
                   : system_->options.implicit.tolerance < exact_tolerance ? exact_iterations
                                                                           : usual_iterations;
  bool setup = needs_setup(equation.gamma);
  if (linearization_.functional()) rate_ = 1;  // it is proportional to γ, which every step may change
  ++age_;
  ++matrix_age_;
  Outcome outcome = iterate(equation, guess, unknown_weights, tolerance, most, setup, result.y);
  const CorrectorKind kind = linearization_.kind();
  const bool kept =
      kind == CorrectorKind::newton ? !setup || matrix_age_ > 0 : kind == CorrectorKind::jacobi_newton && !setup;
  if (outcome != Outcome::converged && kept) {
    matrix_bad_ = true;
    setup = true;
    outcome = iterate(equation, guess, unknown_weights, tolerance, most, setup, result.y);
  }
  while (linearization_.automatic() && gives_up(outcome, patient)) {
    fall_back();
    outcome = iterate(equation, guess, unknown_weights, tolerance, most, true, result.y);
  }
  linearization_.release();
  result.converged = outcome == Outcome::converged;
  if (!result.converged) {
    ++system_->statistics.corrector_failures;
    made_ = false;
    matrix_bad_ = true;
  }
  return result;
}

State Corrector::defect(double t, double gamma, const State& y, const State& slope) {
  const NoGrad guard;
  const State f = linearization_.follow(t, y), residual = combination({&slope, &f}, {gamma, -gamma});
  const Tensor error = update(system_->pack(residual), gamma, system_->pack(system_->norm.weights(y)), 1);
  linearization_.release();
  return error.defined() ? system_->unpack(error, residual) : residual;
}

State Corrector::attach(const StepEquation& equation, const State& y) {
  const auto f = [&](const Tensor& u) { return system_->f(equation.t, system_->unpack(u, y)); };
  const Tensor delta = system_->pack(equation.delta);
  // A sparse or dense solve if the step used the matrix, otherwise GMRES, preconditioned by the diagonal if there is
  // one.
  ImplicitOptions how{.coupling = system_->coupling()};
  if (linearization_.jacobian.sparse)
    how.sparsity = pattern_.of(linearization_.jacobian.sparse->pattern);
  else if (linearization_.kind() == CorrectorKind::newton)
    how.method = ImplicitMethod::dense;
  else if (linearization_.diagonal.defined())
    how.diagonal = 1 - equation.gamma * linearization_.diagonal;
  const Tensor root =
      implicit_root([&](const Tensor& u) { return residual(equation, delta, u, f(u)); }, system_->pack(y), how);
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
