// Variational inference with a flow: how near each posterior of a variational autoencoder comes to a banana-shaped
// density p(z) ∝ exp(−½ z₀² − 2 (z₁ − z₀²)²). The bound E[log p(z) − log q(z)] is 0 where q = p.
#include <cmath>
#include <dimwise.hpp>
#include <iostream>
#include <numbers>

namespace dw = dimwise;

namespace {

// A normal base, and a flow whose parameters are read from a context, here a constant.
struct Posterior {
  dw::Tensor mean = dw::zeros({2}), log_scale = dw::zeros({2}), context = dw::ones({4});
  dw::AmortizedFlow flow;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("mean", self.mean);
    v("log_scale", self.log_scale);
    v("flow", self.flow);
  }
};

dw::Tensor log_p(const dw::Tensor& z) {
  const dw::Tensor a = dw::select(z, -1, 0), b = dw::select(z, -1, 1);
  return -0.5 * dw::square(a) - 2 * dw::square(b - dw::square(a)) - std::log(std::numbers::pi);
}

double bound(const std::string& name) {
  const dw::Rng rng(7);
  Posterior q{
      .flow = dw::make_amortized_flow(name,
                                      {.d = 2,
                                       .context = 4,
                                       .flows = name == "hollow" ? 1 : 4,
                                       .hidden = {32},
                                       .activation = name == "hollow" ? dw::Activation::softplus : dw::Activation::elu},
                                      rng.split("flow"))};
  dw::Adam adam{.lr = 5e-3};
  const dw::FlowOptions options{.ode = {.method = "rk4", .steps = 4}};
  const auto gap = [&](const Posterior& m, const dw::Rng& draw, int64_t n) {
    const dw::FlowSample s = m.flow.sample(draw, dw::DiagonalNormal{m.mean, m.log_scale}, m.context, {n}, options);
    return dw::mean(s.log_prob - log_p(s.z));
  };
  for (uint64_t step = 0; step < 600; ++step) {
    const auto [loss, gradient] =
        dw::value_and_grad([&](const Posterior& m) { return gap(m, rng.split(step), 64); }, q);
    adam.step(q, gradient);
  }
  return gap(q, rng.split("test"), 4000).item();
}

}  // namespace

int main() {
  double none = 0, hollow = 0;
  for (const std::string name : {"none", "planar", "hollow"}) {
    const double kl = bound(name);
    std::cout << name << ": KL(q || p) = " << kl << " nats\n";
    if (name == "none") none = kl;
    if (name == "hollow") hollow = kl;
  }
  return hollow < 0.5 * none ? 0 : 1;
}
