#include "hollow/sde/fokker_planck.hpp"

#include <cmath>
#include <numbers>

#include "autodiff/base/error.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/sde/detail/shapes.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

namespace {

void check(const char* where, const ScalarDerivatives& u, const Tensor& t, const Tensor& x) {
  detail::check_points(where, t, x);
  detail::check_shape(where, "value", u.value, {x.dim(0)});
  detail::check_shape(where, "gradient", u.gradient, x.shape());
  detail::check_shape(where, "second", u.second, x.shape());
}

// Σ_i [(−∂f + (∂g)² + g ∂²g) u + (2 g ∂g − f) ∂u + ½ g² ∂²u], where an undefined u means u = 1.
Tensor forward_operator(const Sde& sde, const Tensor& u, const Tensor& gradient, const Tensor& second, const Tensor& t,
                        const Tensor& x) {
  const std::vector<Tensor> f = sde.drift(t, x, 1), g = sde.diffusion(t, x, 2);
  const Tensor creation = sum(square(g[1]) + g[0] * g[2] - f[1], {-1});
  const Tensor transport = sum((2 * g[0] * g[1] - f[0]) * gradient + 0.5 * square(g[0]) * second, {-1});
  return (u.defined() ? creation * u : creation) + transport;
}

}  // namespace

ScalarDerivatives scalar_derivatives(const std::function<Tensor(const Tensor& x)>& u, const Tensor& x) {
  const std::vector<Tensor> d = brute_force_coefficient(
      [&](const Tensor&, const Tensor& at) { return vjp(u, at, ones({}, x.dtype())).second; })({}, x, 1);
  const Tensor value = u(x);
  detail::check_shape("scalar_derivatives", "u(x)", value, {x.dim(0)});
  return {value, d[0], d[1]};
}

Tensor fokker_planck(const Sde& sde, const ScalarDerivatives& p, const Tensor& t, const Tensor& x) {
  check("fokker_planck", p, t, x);
  return forward_operator(sde, p.value, p.gradient, p.second, t, x);
}

Tensor fokker_planck_log(const Sde& sde, const DensityDerivatives& p, const Tensor& t, const Tensor& x) {
  detail::check_points("fokker_planck_log", t, x);
  detail::check_shape("fokker_planck_log", "score", p.score, x.shape());
  detail::check_shape("fokker_planck_log", "score_diagonal", p.score_diagonal, x.shape());
  return forward_operator(sde, {}, p.score, p.score_diagonal + square(p.score), t, x);
}

Tensor fokker_planck_residual(const Sde& sde, const DensityDerivatives& p, const Tensor& t, const Tensor& x,
                              const ResidualOptions& options) {
  detail::check_points("fokker_planck_residual", t, x);
  detail::check_shape("fokker_planck_residual", "time", p.time, {x.dim(0)});
  if (options.space == ResidualOptions::Space::p)
    detail::check_shape("fokker_planck_residual", "log_prob", p.log_prob, {x.dim(0)});
  const Tensor in_log = p.time - fokker_planck_log(sde, p, t, x);
  const Tensor r = options.space == ResidualOptions::Space::p ? exp(p.log_prob) * in_log : in_log;
  return mean(options.norm == ResidualOptions::Norm::l1 ? abs(r) : square(r));
}

Tensor kolmogorov_backward(const Sde& sde, const ScalarDerivatives& u, const Tensor& t, const Tensor& x) {
  check("kolmogorov_backward", u, t, x);
  const Tensor f = sde.drift(t, x, 0)[0], g = sde.diffusion(t, x, 0)[0];
  return sum(f * u.gradient + 0.5 * square(g) * u.second, {-1});
}

Tensor euler_log_prob(const Sde& sde, const Tensor& t0, const Tensor& x0, const Tensor& t1, const Tensor& x1,
                      double noiseless) {
  detail::check_points("euler_log_prob", t0, x0);
  detail::check_points("euler_log_prob", t1, x1);
  detail::check_shape("euler_log_prob", "x1", x1, x0.shape());
  const Tensor dt = t1 - t0;
  for (const double step : dt.values())
    if (!(step > 0)) fail<ValueError>("euler_log_prob", "t1 - t0 is ", step, ". Times must increase.");
  const Tensor f = sde.drift(t0, x0, 0)[0], g = sde.diffusion(t0, x0, 0)[0];
  const Tensor variance = square(where(equal(g, zeros({}, g.dtype())), noiseless, g)) * dt;
  return -0.5 * (square(x1 - x0 - f * dt) / variance + log(variance) + std::log(2 * std::numbers::pi));
}

}  // namespace dimwise
