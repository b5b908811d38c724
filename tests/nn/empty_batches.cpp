// Layers and distributions of a batch without rows: shapes as for any batch, and zero gradients of the parameters.
#include "autodiff/transforms.hpp"
#include "nn/data/standardizer.hpp"
#include "nn/distributions/bernoulli.hpp"
#include "nn/distributions/mixture.hpp"
#include "nn/distributions/multivariate_normal.hpp"
#include "nn/distributions/normal.hpp"
#include "nn/gated_conv.hpp"
#include "nn/layer_norm.hpp"
#include "nn/made.hpp"
#include "nn/mlp.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::empty_batches_tests {

namespace {

constexpr DType both[] = {DType::float32, DType::float64};

// f of the model and an empty x: its shape, and the gradients of the sum of squares, recorded and not.
template <class M, class F>
void check(const char* name, const M& model, const Shape& of_x, const Shape& expected, DType dtype, F f) {
  INFO(name << ' ' << dtype);
  const M m = track(model);
  const Tensor x = track(zeros(of_x, dtype));
  const Tensor y = f(m, x);
  CHECK(y.shape() == expected);
  CHECK(y.dtype() == dtype);
  for (const bool record : {false, true}) {
    std::vector<Tensor> wanted = parameters(m);
    wanted.push_back(x);
    const std::vector<Tensor> g = grad(sum(square(y)), wanted, {.record = record});
    CHECK(g.back().shape() == of_x);
    for (size_t i = 0; i + 1 < g.size(); ++i) {
      CHECK(g[i].shape() == wanted[i].shape());
      for (const double v : g[i].values()) CHECK(v == 0);
    }
  }
  if (parameters(m).empty()) return;
  const auto [loss, g] = value_and_grad([&](const M& net) { return sum(square(f(net, x))); }, model);
  CHECK(loss.item() == 0);
  for (const Tensor& t : parameters(g))
    for (const double v : t.values()) CHECK(v == 0);
}
template <class M>
void check(const char* name, const M& model, const Shape& of_x, const Shape& expected, DType dtype) {
  check(name, model, of_x, expected, dtype, [](const M& m, const Tensor& x) { return m(x); });
}

}  // namespace

TEST_CASE("Layers map an empty batch to an empty batch, and the gradient of parameters is 0") {
  const Rng rng(3);
  for (const DType dtype : both) {
    check("Linear", Linear(3, 4, rng, dtype), {0, 3}, {0, 4}, dtype);
    check("Linear of rank 3", Linear(3, 4, rng, dtype), {2, 0, 3}, {2, 0, 4}, dtype);
    check("Linear without bias", Linear(3, 4, rng, dtype, false), {0, 3}, {0, 4}, dtype);
    check("MaskedLinear", MaskedLinear(tril(ones({4, 3})), rng, dtype), {0, 3}, {0, 4}, dtype);
    check("MaskedLinear by blocks", MaskedLinear(tril(ones({64, 64})), rng, dtype), {0, 64}, {0, 64}, dtype);
    for (const std::string& name : activation_names())
      check(name.c_str(), Mlp({3, 5, 2}, parse_activation(name), rng, dtype), {0, 3}, {0, 2}, dtype);
    check("LayerNorm", LayerNorm(3, dtype), {0, 3}, {0, 3}, dtype);
    check("LayerNorm of rank 3", LayerNorm(3, dtype), {0, 2, 3}, {0, 2, 3}, dtype);
    check("Made", Made({.d = 3, .hidden = {5}, .outputs = 2, .dtype = dtype}, rng), {0, 3}, {0, 3, 2}, dtype);
    check("Made of a context", Made({.d = 3, .context = 2, .dtype = dtype}, rng), {0, 3}, {0, 3, 1}, dtype,
          [dtype](const Made& m, const Tensor& x) {
            return m(x, zeros({0, 2}, dtype));
          });
    check("Conv2d", Conv2d(2, 3, 3, rng, {.stride = 2, .padding = 1}, dtype), {0, 2, 6, 6}, {0, 3, 3, 3}, dtype);
    check("ConvTranspose2d", ConvTranspose2d(2, 3, 3, rng, {.stride = 2, .padding = 1}, dtype), {0, 2, 3, 3},
          {0, 3, 5, 5}, dtype);
    check("GatedConv2d", GatedConv2d(2, 3, 3, rng, {}, dtype), {0, 2, 5, 5}, {0, 3, 3, 3}, dtype);
    check("GatedConvTranspose2d", GatedConvTranspose2d(2, 3, 3, rng, {}, dtype), {0, 2, 5, 5}, {0, 3, 7, 7}, dtype);
    check("Standardizer", Standardizer(3, dtype), {0, 3}, {0, 3}, dtype,
          [](const Standardizer& s, const Tensor& x) { return s.inverse(s.forward(x)); });
  }
}

TEST_CASE("Log-densities of an empty batch are empty") {
  const Rng rng(3);
  for (const DType dtype : both) {
    const auto log_prob = [](const auto& p, const Tensor& x) { return p.log_prob(x); };
    const Tensor three = zeros({3}, dtype), logits = zeros({2}, dtype), centers = rng.normal({2, 3}, dtype);
    check("DiagonalNormal", DiagonalNormal{three, three}, {0, 3}, {0}, dtype, log_prob);
    check("Bernoulli", Bernoulli{three}, {0, 3}, {0}, dtype, log_prob);
    check("GaussianMixture", GaussianMixture{logits, centers, centers}, {0, 3}, {0}, dtype, log_prob);
    const MultivariateNormal gaussian = MultivariateNormal::fit(rng.normal({9, 3}, dtype));
    const Tensor x = track(zeros({0, 3}, dtype));
    CHECK(gaussian.log_prob(x).shape() == Shape{0});
    CHECK(grad(sum(gaussian.log_prob(x)), x).shape() == Shape{0, 3});
    CHECK(StandardNormal{3}.log_prob(x).shape() == Shape{0});
  }
}

}  // namespace dimwise::empty_batches_tests
