#include "hollow/ode/implicit/linearization.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/context.hpp"
#include "autodiff/node.hpp"
#include "hollow/ode/implicit/automatic.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise::ode {

Linearization::Linearization(const std::shared_ptr<System>& system)
    : system_(system), automatic_(system->options.corrector == "automatic") {
  use(!automatic_ ? system->options.corrector : system->has_diagonal() ? "jacobi_newton" : whole());
}

std::string Linearization::whole() const { return whole_jacobian(system_->unknowns()); }

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

bool Linearization::watch(double gamma, const Tensor& start) {
  if (!automatic_ || corrector_ != "jacobi_newton" || std::abs(gamma / watched_gamma_ - 1) <= gamma_change)
    return false;
  const NoGrad guard;
  watched_gamma_ = gamma;
  const double rate = neglected(*system_, watched_, diagonal, gamma / (1 - gamma * diagonal), start, ones_like(start));
  return !diagonal_serves(rate, system_->unknowns()) && fall_back();
}

bool Linearization::fall_back() {
  if (!automatic_ || corrector_ != "jacobi_newton") return false;
  use(whole());
  diagonal = Tensor();
  watched_ = nullptr;
  return true;
}

}  // namespace dimwise::ode
