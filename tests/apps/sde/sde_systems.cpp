// The built-in systems: what they say of themselves fits together, and closed-form densities are those of their paths.
#include "apps/sde/data/systems.hpp"

#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/sde/sdeint.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::sde_systems_tests {

using namespace dimwise::app::sde;

namespace {

// The largest entry of E[s] and E[s y^T] + I, in the coordinates y in which the law is normal. Both vanish for the
// score s of the law of y (Stein's identity), and of no other normal law.
double stein_defect(const SdeSystem& system, const Tensor& x, double t, int64_t group, int64_t density_group) {
  const bool logarithm = system.groups[static_cast<size_t>(group)].of_logarithm;
  const Tensor y = track(logarithm ? log(x) : x);
  const Tensor log_p =
      system.log_density(full({x.dim(0), 1}, t, DType::float64), logarithm ? exp(y) : y, density_group);
  REQUIRE(log_p.shape() == Shape{x.dim(0)});
  const Tensor total = logarithm ? sum(log_p) + sum(y) : sum(log_p);
  const Tensor s = grad(total, y), z = stop_gradient(y);
  const Tensor centered = z - mean(z, {0}, true);
  const Tensor product = matmul(transpose(s), centered) / static_cast<double>(x.dim(0)) + eye(system.d, DType::float64);
  const Tensor drift = mean(s, {0}) * sqrt(mean(square(centered), {0}));
  return std::max(max(abs(product)).item(), max(abs(drift)).item());
}

}  // namespace

TEST_CASE("every system has coefficients, initial laws and known diffusions of its dimension") {
  for (const std::string& name : sde_system_names()) {
    INFO(name);
    const SdeSystem s = sde_system(name, {.d = 5});
    CHECK(s.name == name);
    CHECK(s.known_diffusion.size() == static_cast<size_t>(s.d));
    CHECK(!s.groups.empty());
    const Tensor t = scalar(0, DType::float64);
    for (int64_t group = 0; group < static_cast<int64_t>(s.groups.size()); ++group) {
      const Tensor x = sample_initial(s, group, Rng(1), 7);
      CHECK(x.shape() == Shape{7, s.d});
      const Tensor g = s.sde.diffusion(t, x, 2)[0];
      CHECK(s.sde.drift(t, x, 1)[1].shape() == x.shape());
      for (int64_t i = 0; i < s.d; ++i) {
        const auto known = s.known_diffusion[static_cast<size_t>(i)];
        for (const double value : select(g, 1, i).values()) CHECK((known ? value == *known : value > 0));
      }
    }
  }
  CHECK_THROWS_WITH(sde_system("pendulun"), Catch::Contains("Did you mean pendulum?"));
  CHECK_THROWS_AS(sde_system("coupled", {.d = 1}), ValueError);
}

TEST_CASE("closed-form densities are those of simulated paths, by Stein's identity") {
  for (const char* name : {"ou", "rotating-ou", "gbm"}) {
    const SdeSystem s = sde_system(name);
    for (int64_t group = 0; group < 2; ++group) {
      const SdeSolution path = sdeint(s.sde, sample_initial(s, group, Rng(1), 20000), {0, 0.3, 1},
                                      {.method = "stochastic_heun", .dt = 0.02, .rng = Rng(2)});
      for (size_t k = 0; k < 3; ++k) {
        INFO(name << ", group " << group << ", t = " << path.t[k]);
        CHECK(stein_defect(s, path.x[k], path.t[k], group, group) < 0.06);
        CHECK(stein_defect(s, path.x[k], path.t[k], group, 1 - group) > 0.3);
      }
      // The density of another time is seen too.
      CHECK(stein_defect(s, path.x[1], 0.6, group, group) > 0.1);
    }
  }
}

}  // namespace dimwise::sde_systems_tests
