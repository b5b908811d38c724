// Paths of a particle in a double well, dx = (x − x³) dt + σ dW: their stationary density is known, p ∝ e^(−2V/σ²).
#include <cmath>
#include <dimwise.hpp>
#include <iostream>

namespace dw = dimwise;

int main() {
  const double sigma = 0.8;
  const dw::Sde sde{dw::brute_force_coefficient([](const dw::Tensor&, const dw::Tensor& x) { return x - x * x * x; }),
                    dw::brute_force_coefficient(
                        [&](const dw::Tensor&, const dw::Tensor& x) { return dw::full(x.shape(), sigma, x.dtype()); })};
  const dw::Rng rng(5);
  const dw::SdeSolution s = dw::sdeint(sde, rng.split("start").normal({4000, 1}), {0, 10},
                                       {.method = "stochastic_heun", .dt = 0.02, .rng = rng.split("noise")});
  const double simulated = dw::mean(dw::square(s.x.back())).item();

  // E x² under p, by the trapezoidal rule on a fine grid.
  const dw::Tensor x = dw::linspace(-4, 4, 2001, dw::DType::float64), x2 = dw::square(x);
  const dw::Tensor p = dw::exp(-2 / (sigma * sigma) * (x2 * x2 / 4 - x2 / 2));
  const double exact = (dw::sum(p * x2) / dw::sum(p)).item();

  std::cout << "E x² of 4000 paths at t = 10: " << simulated << ", of the stationary density: " << exact << '\n';
  std::cout << s.statistics.steps << " steps, " << s.statistics.drift << " evaluations of the drift\n";
  return std::abs(simulated - exact) < 0.05 ? 0 : 1;
}
