// The posterior's flow by name, and samples with their log-densities.
#include <cmath>

#include "hollow/flow/amortized_flow.hpp"

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
  DiagonalNormal base{Rng(1).normal({5, 4}, f64), 0.3 * Rng(2).normal({5, 4}, f64)};
  Tensor context = Rng(3).normal({5, 3}, f64);
};

}  // namespace

TEST_CASE("a sample's log-density is the base's minus the brute-force log-determinant") {
  const Inputs in;
  for (const std::string& name : amortized_flow_names()) {
    INFO(name);
    const AmortizedFlow flow = make_amortized_flow(name, config, Rng(0));
    const FlowSample s = flow.sample(Rng(5), in.base, in.context, {}, tight);
    REQUIRE(s.z.shape() == Shape{5, 4});
    REQUIRE(s.log_prob.shape() == Shape{5});
    CHECK(distance(s.z0, in.base.mean + exp(in.base.log_scale) * Rng(5).normal({5, 4}, f64)) < 1e-14);
    CHECK((distance(s.z, s.z0) == 0) == (name == "none"));
    for (int64_t i = 0; i < 5; ++i) {
      const Tensor j =
          jacobian([&](const Tensor& z) { return flow.to_data(z, row(in.context, i), tight).x; }, row(s.z0, i));
      const DiagonalNormal base{row(in.base.mean, i), row(in.base.log_scale, i)};
      CHECK(distance(row(s.log_prob, i), base.log_prob(row(s.z0, i)) - logdet(j)) < 1e-9);
    }
  }
}

TEST_CASE("importance weights of many samples of each posterior have mean one") {
  const Inputs in;
  for (const std::string& name : amortized_flow_names()) {
    INFO(name);
    const AmortizedFlow flow = make_amortized_flow(name, config, Rng(0));
    const FlowSample s = flow.sample(Rng(5), in.base, in.context, {8000}, {.ode = {.rtol = 1e-3, .atol = 1e-3}});
    REQUIRE(s.z.shape() == Shape{8000, 5, 4});
    REQUIRE(s.log_prob.shape() == Shape{8000, 5});
    // E_q[g(z)/q(z)] = 1 for any density g; here a normal one around the samples' mean, narrower than they are.
    const Tensor center = mean(s.z, {0}), log_scale = 0.5 * log(mean(square(s.z - center), {0})) - 0.3;
    const Tensor ratio = exp(DiagonalNormal{center, log_scale}.log_prob(s.z) - s.log_prob);
    const Tensor off = mean(ratio, {0}) - 1, error = sqrt(mean(square(ratio - 1), {0}) / 8000);
    CHECK(max(error).item() < 0.2);
    CHECK(max(abs(off) / error).item() < 5);
  }
}

TEST_CASE("gradients of a sample reach the base, the context and every parameter of the flow") {
  const Inputs in;
  for (const std::string& name : amortized_flow_names()) {
    INFO(name);
    const AmortizedFlow plain = make_amortized_flow(name, config, Rng(0)), flow = track(plain);
    const Tensor mean_of = track(in.base.mean), log_scale = track(in.base.log_scale), context = track(in.context);
    std::vector<Tensor> leaves = parameters(flow);
    CHECK(leaves.empty() == (name == "none"));
    leaves.insert(leaves.end(), {mean_of, log_scale, context});
    const FlowSample s = flow.sample(Rng(5), {mean_of, log_scale}, context);
    for (const Tensor& loss : {sum(square(s.z)), sum(s.log_prob + 0.5 * sum(square(s.z), {-1}))}) {
      const std::vector<Tensor> g = grad(loss, leaves);
      for (size_t i = 0; i < g.size(); ++i) {
        const bool context_unread = name == "none" && i + 1 == g.size();
        CHECK((max(abs(g[i])).item() > 0) == !context_unread);
      }
    }
    if (name == "none") continue;
    const auto log_det = [&](const AmortizedFlow& m) { return m.to_data(mean_of, context).log_det; };
    CHECK(unvisited<AmortizedFlow>(plain, log_det, {mean_of, context}).empty());
  }
}

TEST_CASE("the recipe's defaults have the published sizes") {
  const int64_t c = 256 + 1, d = 64, k = 4;
  const auto numbers = [&](const std::string& name) { return num_parameters(make_amortized_flow(name, {}, Rng(0))); };
  CHECK(numbers("none") == 0);
  CHECK(numbers("planar") == c * k * (2 * d + 1));
  CHECK(numbers("sylvester-orthogonal") == c * k * (64 + 3 * 8 + d * 8));
  CHECK(numbers("sylvester-householder") == c * k * (d * d + 3 * d + 8 * d));
  CHECK(numbers("sylvester-triangular") == c * k * (d * d + 3 * d));
  CHECK(numbers("iaf") == k * (256 * 320 + (d + 1) * 320 + 321 * 320 + 321 * 2 * d));
  const FlowSample s = make_amortized_flow("sylvester-orthogonal", {}, Rng(0))
                           .sample(Rng(2), {zeros({2, 64}), zeros({2, 64})}, Rng(1).normal({2, 256}));
  CHECK(s.z.dtype() == DType::float32);
  for (const double v : s.log_prob.values()) CHECK(std::isfinite(v));
}

TEST_CASE("an unknown flow is rejected with its name") {
  CHECK_THROWS_WITH(make_amortized_flow("radial", config, Rng(0)),
                    Catch::Contains("there is no flow 'radial'") && Catch::Contains("none, planar, iaf"));
  std::string listed;
  try {
    make_amortized_flow("", config, Rng(0));
  } catch (const ValueError& error) {
    listed = error.what();
  }
  for (const std::string& name : amortized_flow_names()) CHECK(listed.find(name) != std::string::npos);
}

}  // namespace dimwise::posterior_flow_tests
