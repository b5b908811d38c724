// The evidence lower bound of a small variational autoencoder, with every posterior: its gradient with respect to every
// parameter.
#include <string>

#include "hollow/flow/amortized_flow.hpp"

#include "autodiff/debug/check_grads.hpp"
#include "nn/distributions/bernoulli.hpp"
#include "nn/mlp.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::elbo_tests {

namespace {

constexpr DType f64 = DType::float64;
constexpr int64_t pixels = 5, d = 3, context_size = 2;

struct Vae {
  Mlp encoder;  // of pixels: mean, log_scale, context
  AmortizedFlow flow;
  Mlp decoder;  // of z: logits

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("encoder", self.encoder);
    v("flow", self.flow);
    v("decoder", self.decoder);
  }
};

const std::vector<std::string> names{
    "none",   "planar", "iaf", "sylvester-orthogonal", "sylvester-householder", "sylvester-triangular",
    "ffjord", "hollow"};

Vae make_vae(const std::string& name) {
  const Rng rng(6);
  const AmortizedConfig config{.d = d,
                               .context = context_size,
                               .flows = 2,
                               .columns = 2,
                               .reflections = 2,
                               .hidden = {5},
                               .transformer_hidden = {4},
                               .activation = Activation::softplus,
                               .d_h = 2,
                               .dtype = f64};
  return {Mlp({pixels, 6, 2 * d + context_size}, Activation::tanh, rng.split("encoder"), f64),
          make_amortized_flow(name, config, rng.split("flow")),
          Mlp({d, 6, pixels}, Activation::tanh, rng.split("decoder"), f64)};
}

// mean(−log p(x | z) + β (log q(z | x) − log p(z))), with the same noise at every call.
Tensor loss(const Vae& vae, const Tensor& x, double beta) {
  const Tensor code = vae.encoder(x);
  const DiagonalNormal base{slice(code, -1, 0, d), slice(code, -1, d, 2 * d)};
  // Fixed steps, so that finite differences use the same discrete solve that is differentiated.
  const FlowOptions options{.ode = {.method = "rk4", .steps = 2}};
  const FlowSample q = vae.flow.sample(Rng(7), base, slice(code, -1, 2 * d, 2 * d + context_size), {}, options);
  const Tensor log_likelihood = Bernoulli{vae.decoder(q.z)}.log_prob(x);
  return mean(beta * (q.log_prob - StandardNormal{.d = d}.log_prob(q.z)) - log_likelihood);
}

const Tensor& images() {
  static const Tensor x = Rng(3).uniform({4, pixels}, f64) > 0.5;
  return x;
}

}  // namespace

TEST_CASE("the gradient of the evidence lower bound is correct for encoder, flow and decoder, with every posterior") {
  for (const std::string& name : names) {
    INFO(name);
    const Vae vae = make_vae(name);
    const auto of = [&](const std::vector<Tensor>& in) {
      size_t next = 0;
      return loss(map_parameters(vae, [&](const std::string&, const Tensor&) { return in[next++]; }), images(), 0.7);
    };
    CHECK(check_grads(of, parameters(vae)).worst < 1e-6);
    const auto [value, g] = value_and_grad([&](const Vae& m) { return loss(m, images(), 0.7); }, vae);
    for (const auto& [parameter, gradient] : named_parameters(g)) {
      INFO(parameter);
      CHECK(max(abs(gradient)).item() > 1e-6);
    }
  }
}

TEST_CASE("without a flow the bound agrees with its closed form on average") {
  // E_q[log q − log p] = Σ ½(mean² + scale² − 1) − log_scale. The decoder's output does not depend on z, so that its
  // term is known too.
  Vae vae = make_vae("none");
  vae.decoder.layers.back().weight = zeros_like(vae.decoder.layers.back().weight);
  const Tensor x = broadcast_to(row(images(), 0), {100000, pixels}), code = vae.encoder(row(images(), 0));
  const Tensor m = slice(code, -1, 0, d), s = slice(code, -1, d, 2 * d);
  const double kl = sum(0.5 * (square(m) + exp(2 * s) - 1) - s).item();
  const double reconstruction = -Bernoulli{vae.decoder.layers.back().bias}.log_prob(row(images(), 0)).item();
  CHECK(kl > 0.1);
  CHECK(loss(vae, x, 1).item() == Approx(reconstruction + kl).margin(0.02));
  CHECK(loss(vae, x, 0.25).item() == Approx(reconstruction + 0.25 * kl).margin(0.02));
}

}  // namespace dimwise::elbo_tests
