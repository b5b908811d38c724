#include "hollow/ode/linearization.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/node.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise::ode {

namespace {

constexpr int64_t largest_dense = 200;
constexpr int power_iterations = 5;
constexpr double gamma_change = 0.3;

// The contraction with which `automatic` is content with the diagonal: the whole Jacobian of n unknowns costs n pulls.
double most_neglected(int64_t n) { return std::clamp(static_cast<double>(n) / 200, 0.05, 0.3); }

}  // namespace

Linearization::Linearization(const std::shared_ptr<System>& system)
    : system_(system), automatic_(system->options.corrector == "automatic") {
  use(!automatic_ ? system->options.corrector : system->has_diagonal() ? "jacobi_newton" : whole());
}

std::string Linearization::whole() const { return system_->unknowns() > largest_dense ? "newton_krylov" : "newton"; }

void Linearization::use(std::string corrector) {
  corrector_ = std::move(corrector);
  system_->statistics.corrector = corrector_;
}

void Linearization::refresh(double t, const State& y) {
  if (functional()) return;
  if (corrector_ == "newton") jacobian = system_->jacobian(t, y);
  if (corrector_ == "newton_krylov") product = system_->linearize(t, y).product;
  if (corrector_ == "jacobi_newton" || (corrector_ == "newton_krylov" && system_->has_diagonal()))
    diagonal = system_->with_diagonal(t, y).d;
  if (automatic_ && corrector_ == "jacobi_newton") {
    watched_ = system_->linearize(t, y).product;
    watched_gamma_ = 0;
  }
  t_ = t;
  ++serial_;
}

// The spectral radius of γ (1 − γ D)⁻¹ (∂f/∂y − D), by the power method.
bool Linearization::watch(double gamma, const Tensor& start) {
  if (!automatic_ || corrector_ != "jacobi_newton" || std::abs(gamma / watched_gamma_ - 1) <= gamma_change)
    return false;
  const Recording off(false);
  watched_gamma_ = gamma;
  const Tensor scale = gamma / (1 - gamma * diagonal);
  const auto norm = [&](const Tensor& v) { return system_->unknown_norm({v}, {ones_like(v)}); };
  Tensor v = start;
  double first = 0, last = 0;
  for (int i = 0; i < power_iterations; ++i) {
    v = scale * (watched_(v) - diagonal * v);
    last = norm(v);
    if (i == 0) first = last;
    if (last == 0) return false;
  }
  const double rate = std::pow(last / first, 1.0 / (power_iterations - 1));
  return !(rate <= most_neglected(system_->unknowns())) && fall_back();
}

bool Linearization::fall_back() {
  if (!automatic_ || corrector_ != "jacobi_newton") return false;
  use(whole());
  diagonal = Tensor();
  watched_ = nullptr;
  return true;
}

}  // namespace dimwise::ode
