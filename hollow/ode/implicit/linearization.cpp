#include "hollow/ode/implicit/linearization.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/context.hpp"
#include "hollow/solve/linear/diagonal.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise::ode {

namespace {
constexpr int power_iterations = 5;
}  // namespace

// corrector_names() has them in this order, after `automatic`.
const char* name(CorrectorKind kind) { return corrector_names()[static_cast<size_t>(kind) + 1].c_str(); }

Linearization::Linearization(std::shared_ptr<System> system, bool stiff)
    : system_(std::move(system)), automatic_(system_->options.implicit.corrector == "automatic") {
  if (automatic_)
    use(!stiff                    ? CorrectorKind::functional
        : system_->has_diagonal() ? CorrectorKind::jacobi_newton
                                  : CorrectorKind::newton);
  else
    use(static_cast<CorrectorKind>(
        std::find(corrector_names().begin(), corrector_names().end(), system_->options.implicit.corrector) -
        corrector_names().begin() - 1));
}

void Linearization::use(CorrectorKind kind) {
  kind_ = kind;
  diagonal = Tensor();
  jacobian = {};
  release();
  system_->statistics.corrector = name(kind);
}

void Linearization::release() { product = watched_product_ = nullptr; }

std::optional<State> Linearization::refresh(double t, const State& y) {
  std::optional<State> f;
  if (kind_ == CorrectorKind::newton) {
    jacobian = system_->jacobian(t, y, !automatic_ || system_->unknowns() <= most_dense_unknowns);
    if (!jacobian.defined()) use(CorrectorKind::newton_krylov);
  }
  if (kind_ == CorrectorKind::jacobi_newton || (kind_ == CorrectorKind::newton_krylov && system_->has_diagonal())) {
    System::WithDiagonal both = system_->with_diagonal(t, y);
    diagonal = std::move(both.d);
    f = std::move(both.f);
  }
  if (kind_ == CorrectorKind::newton_krylov) f = follow(t, y);
  if (watched()) watched_product_ = system_->linearize(t, y).product;
  watched_gamma_ = 0;
  t_ = t;
  y_.clear();
  if (kind_ == CorrectorKind::newton_krylov)
    for (const Tensor& part : y) y_.push_back(stop_gradient(part));
  ++serial_;
  return f;
}

State Linearization::follow(double t, const State& y) {
  if (kind_ != CorrectorKind::newton_krylov) return system_->f(t, y);
  System::Linearized linear = system_->linearize(t, y);
  product = std::move(linear.product);
  return std::move(linear.f);
}

std::optional<double> Linearization::off_diagonal_radius(double gamma, const Tensor& start, const Tensor& weights) {
  if (!watched() || std::abs(gamma / watched_gamma_ - 1) <= gamma_change) return std::nullopt;
  watched_gamma_ = gamma;
  const NoGrad guard;
  const Tensor scale = gamma * (1 / away_from_zero(1 - gamma * diagonal, smallest_denominator));
  Tensor v = start;
  double first = 0, last = 0;
  for (int i = 0; i < power_iterations; ++i) {
    v = scale * (watched_product_(v) - diagonal * v);
    last = system_->unknown_norm({v}, {weights});
    if (last == 0) return 0;
    if (i == 0) first = last;
  }
  return std::pow(last / first, 1.0 / (power_iterations - 1));
}

bool Linearization::diagonal_suffices(double radius) const {
  return radius <= std::clamp(static_cast<double>(system_->unknowns()) / 200, 0.05, 0.3);
}

bool Linearization::fall_back() {
  if (!automatic_ || kind_ == CorrectorKind::newton || kind_ == CorrectorKind::newton_krylov) return false;
  use(functional() && system_->has_diagonal() ? CorrectorKind::jacobi_newton : CorrectorKind::newton);
  return true;
}

}  // namespace dimwise::ode
