// The posterior's flow by name, and draws with their log-densities.
#include <cmath>

#include "hollow/flow/posterior.hpp"

#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/linalg.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/nn/unvisited.hpp"

namespace dimwise::posterior_flow_tests {

namespace {

constexpr DType f64 = DType::float64;

double distance(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }

const AmortizedConfig config{.d = 4,
                             .context = 3,
                             .flows = 2,
                             .columns = 2,
                             .reflections = 3,
                             .hidden = {7},
                             .transformer_hidden = {5},
                             .activation = Activation::softplus,
                             .d_h = 3,
                             .rank = 2,
                             .dtype = f64};
const FlowOptions tight{.ode = {.rtol = 1e-11, .atol = 1e-11}};

struct Inputs {
  Normal base{Rng(1).normal({5, 4}, f64), 0.3 * Rng(2).normal({5, 4}, f64)};
  Tensor context = Rng(3).normal({5, 3}, f64);
};

}  // namespace

TEST_CASE("a draw's log-density is the base's less the brute-force log-determinant") {
  const Inputs in;
  for (const std::string& name : posterior_flow_names()) {
    INFO(name);
    const PosteriorFlow flow = make_posterior_flow(name, config, Rng(0));
    const PosteriorSample s = sample(flow, in.base, in.context, Rng(5), {}, tight);
    REQUIRE(s.z.shape() == Shape{5, 4});
    REQUIRE(s.log_q.shape() == Shape{5});
    CHECK(distance(s.z0, in.base.mean + exp(in.base.log_scale) * Rng(5).normal({5, 4}, f64)) < 1e-14);
    CHECK((distance(s.z, s.z0) == 0) == (name == "none"));
    for (int64_t i = 0; i < 5; ++i) {
      const Tensor j = jacobian([&](const Tensor& z) { return flow(z, row(in.context, i), tight).z; }, row(s.z0, i));
      const Normal base{row(in.base.mean, i), row(in.base.log_scale, i)};
      CHECK(distance(row(s.log_q, i), base.log_prob(row(s.z0, i)) - logdet(j)) < 1e-9);
    }
  }
}

TEST_CASE("many draws of each posterior have one context, and average to its normalisation") {
  const Inputs in;
  for (const std::string& name : posterior_flow_names()) {
    INFO(name);
    const PosteriorFlow flow = make_posterior_flow(name, config, Rng(0));
    const PosteriorSample s = sample(flow, in.base, in.context, Rng(5), {8000}, {.ode = {.rtol = 1e-3, .atol = 1e-3}});
    REQUIRE(s.z.shape() == Shape{8000, 5, 4});
    REQUIRE(s.log_q.shape() == Shape{8000, 5});
    // E_q[g(z)/q(z)] = 1 for any density g; here a normal one about the draws' own mean, narrower than they are.
    const Tensor centre = mean(s.z, {0}), log_scale = 0.5 * log(mean(square(s.z - centre), {0})) - 0.3;
    const Tensor ratio = exp(Normal{centre, log_scale}.log_prob(s.z) - s.log_q);
    const Tensor off = mean(ratio, {0}) - 1, error = sqrt(mean(square(ratio - 1), {0}) / 8000);
    CHECK(max(error).item() < 0.2);
    CHECK(max(abs(off) / error).item() < 5);
  }
}

TEST_CASE("gradients of a draw reach the base, the context and every parameter of the flow") {
  const Inputs in;
  for (const std::string& name : posterior_flow_names()) {
    INFO(name);
    const PosteriorFlow plain = make_posterior_flow(name, config, Rng(0)), flow = track(plain);
    const Tensor mean_of = track(in.base.mean), log_scale = track(in.base.log_scale), context = track(in.context);
    std::vector<Tensor> leaves = parameters(flow);
    CHECK(leaves.empty() == (name == "none"));
    leaves.insert(leaves.end(), {mean_of, log_scale, context});
    const PosteriorSample s = sample(flow, {mean_of, log_scale}, context, Rng(5));
    for (const Tensor& loss : {sum(square(s.z)), sum(s.log_q + 0.5 * sum(square(s.z), {-1}))}) {
      const std::vector<Tensor> g = grad(loss, leaves);
      for (size_t i = 0; i < g.size(); ++i) {
        const bool context_unread = name == "none" && i + 1 == g.size();
        CHECK((max(abs(g[i])).item() > 0) == !context_unread);
      }
    }
    if (name == "none") continue;
    const auto log_det = [&](const PosteriorFlow& m) { return m(mean_of, context).log_det; };
    CHECK(unvisited<PosteriorFlow>(plain, log_det, {mean_of, context}).empty());
  }
}

TEST_CASE("the recipe's defaults have the published sizes") {
  const int64_t c = 256 + 1, d = 64, k = 4;
  const auto numbers = [&](const std::string& name) { return count(make_posterior_flow(name, {}, Rng(0))); };
  CHECK(numbers("none") == 0);
  CHECK(numbers("planar") == c * k * (2 * d + 1));
  CHECK(numbers("sylvester-orthogonal") == c * k * (64 + 3 * 8 + d * 8));
  CHECK(numbers("sylvester-householder") == c * k * (d * d + 3 * d + 8 * d));
  CHECK(numbers("sylvester-triangular") == c * k * (d * d + 3 * d));
  CHECK(numbers("iaf") == k * (256 * 320 + (d + 1) * 320 + 321 * 320 + 321 * 2 * d));
  const PosteriorSample s = sample(make_posterior_flow("sylvester-orthogonal", {}, Rng(0)),
                                   {zeros({2, 64}), zeros({2, 64})}, Rng(1).normal({2, 256}), Rng(2));
  CHECK(s.z.dtype() == DType::float32);
  for (const double v : s.log_q.values()) CHECK(std::isfinite(v));
}

TEST_CASE("an unknown flow is refused by name") {
  CHECK_THROWS_WITH(make_posterior_flow("radial", config, Rng(0)),
                    Catch::Contains("there is no flow 'radial'") && Catch::Contains("none, planar, iaf"));
  std::string listed;
  try {
    make_posterior_flow("", config, Rng(0));
  } catch (const ValueError& error) {
    listed = error.what();
  }
  for (const std::string& name : posterior_flow_names()) CHECK(listed.find(name) != std::string::npos);
}

}  // namespace dimwise::posterior_flow_tests
