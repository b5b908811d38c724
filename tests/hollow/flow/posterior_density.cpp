// The density q(z | context) of every posterior, at given z: it integrates to one.
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "hollow/flow/amortized_flow.hpp"

#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/linalg.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::posterior_density_tests {

namespace {

constexpr DType f64 = DType::float64;

// Cells per side: as many as the steepest flow needs, and few for a map that takes a solve.
const std::vector<std::pair<std::string, int>> flows{{"none", 100},
                                                     {"planar", 100},
                                                     {"iaf", 100},
                                                     {"sylvester-orthogonal", 100},
                                                     {"sylvester-householder", 100},
                                                     {"sylvester-triangular", 100},
                                                     {"ffjord", 40},
                                                     {"hollow", 40}};

// Fixed steps, with negligible error, so that Newton's method is applied to one smooth map.
const FlowOptions fixed{.ode = {.method = "rk4", .steps = 3}};

// One step of Newton's method, with the engine's Jacobian, on flow(z₀) = z.
Tensor newton_step(const AmortizedFlow& flow, const Tensor& z0, const Tensor& z, const Tensor& context) {
  const Tensor leaf = track(z0), there = flow.to_data(leaf, context, fixed).x;
  std::vector<Tensor> rows;
  for (int i = 0; i < 2; ++i) rows.push_back(grad(sum(select(there, -1, i)), leaf, {.record = false}));
  const Tensor residual = stop_gradient(there) - z;
  return z0 - squeeze(solve(stack(rows, -2), unsqueeze(residual, -1)), -1);
}

// z₀ of flow(z₀) = z: by continuation along straight lines from the image of one point to z, which works for every
// invertible flow, whereas Newton's method from a distant start may not converge.
Tensor inverse(const AmortizedFlow& flow, const Tensor& z, const Tensor& start, const Tensor& context) {
  constexpr int stretches = 10;
  Tensor z0 = broadcast_to(start, z.shape());
  const Tensor image = flow.to_data(start, context, fixed).x;
  for (int k = 1; k <= stretches; ++k) {
    const Tensor target = image + static_cast<double>(k) / stretches * (z - image);
    for (int i = 0; i < (k < stretches ? 2 : 5); ++i) z0 = newton_step(flow, z0, target, context);
  }
  return z0;
}

// Centers of n × n cells of the box about some points, and the area of a cell.
std::pair<Tensor, double> cells(int n, const Tensor& points) {
  const Tensor low = min(points, {0}), side = (max(points, {0}) - low) / n;
  std::vector<double> places;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j)
      for (const int k : {i, j}) places.push_back(k + 0.5);
  return {low + side * tensor(places, {n * n, 2}, f64), select(side, -1, 0).item() * select(side, -1, 1).item()};
}

}  // namespace

TEST_CASE("the density of every posterior integrates to one over z") {
  const DiagonalNormal base{tensor({0.3, -0.2}, f64), tensor({-0.1, 0.2}, f64)};
  // All except 3e-7 of the base's mass is within 5.5 standard deviations.
  const Tensor angle = linspace(0, 2 * M_PI, 400, f64),
               rim = base.mean + exp(base.log_scale) * (5.5 * stack({cos(angle), sin(angle)}, -1));
  const AmortizedConfig config{.d = 2,
                               .context = 3,
                               .flows = 3,
                               .columns = 2,
                               .reflections = 2,
                               .hidden = {8},
                               .transformer_hidden = {6},
                               .activation = Activation::softplus,
                               .d_h = 2,
                               .end_time = 1,
                               .dtype = f64};
  for (const auto& [name, side] : flows) {
    const AmortizedFlow flow = make_amortized_flow(name, config, Rng(4));
    for (uint64_t c = 0; c < 2; ++c) {
      INFO(name << ", context " << c);
      const Tensor context = Rng(8).split(c).normal({3}, f64);
      const auto [z, area] = cells(side, flow.to_data(rim, context, fixed).x);
      const Tensor z0 = inverse(flow, z, base.mean, context);
      const FlowResult there = flow.to_data(z0, context, fixed);
      REQUIRE(max(abs(there.x - z)).item() < 1e-10);
      const auto mass = [&, cell = area](double times) {
        return sum(exp(base.log_prob(z0) - times * there.log_det)).item() * cell;
      };
      CHECK(mass(1) == Approx(1).margin(2e-4));
      // The margin detects a log-determinant with an error of 5 %.
      if (name != "none") CHECK(std::abs(mass(1.05) - 1) > 5e-4);
    }
  }
}

}  // namespace dimwise::posterior_density_tests
