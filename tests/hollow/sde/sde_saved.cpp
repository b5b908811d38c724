// Densities and coefficients of SDEs rebuilt from their files.
#include "hollow/sde/any_density.hpp"
#include "hollow/sde/diffusion.hpp"
#include "tests/catch.hpp"
#include "tests/nn/rebuilt.hpp"

namespace dimwise::sde_saved_tests {

TEST_CASE("Every density is rebuilt from its file, bit for bit") {
  const Rng rng(5);
  const Tensor t = rng.split("t").uniform({6, 1}), x = rng.split("x").normal({6, 2});
  const auto check = [&](const AnyDensity& p, const Tensor& context = {}) {
    const AnyDensity read = rebuilt(p);
    CHECK(settings(read) == settings(p));
    CHECK(read.log_prob(t, x, context).values() == p.log_prob(t, x, context).values());
    CHECK(read.sample(rng, t, context).values() == p.sample(rng, t, context).values());
  };
  check({TimeMixture({.components = 3, .hidden = {5}, .min_scale = 0.2}, rng)});
  check({TimeMixture({.components = 3, .hidden = {5}, .context = 2, .anchored = true}, rng)}, x);
  check(
      {make_flow_density({.d = 2, .hidden = {5}}, rng, {.lead = 0.7, .time_scale = 2, .method = "heun", .steps = 3})});
}

TEST_CASE("A diffusion coefficient is rebuilt from its file, bit for bit") {
  const Rng rng(5);
  const Tensor x = rng.split("x").normal({6, 2});
  const DiffusionNet g{make_hollow_net({.d = 2, .d_h = 3, .hidden = {5}}, rng), Constant{full({2}, 0.5)},
                       Constant{full({2}, 0.25)}};
  CHECK(rebuilt(g)(x).values() == g(x).values());
}

}  // namespace dimwise::sde_saved_tests
