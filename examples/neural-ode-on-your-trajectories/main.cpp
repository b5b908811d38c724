// Learns dx/dt = f(x) from observed trajectories: f is a HollowNet, and gradients pass the solve by its adjoint.
#include <dimwise.hpp>
#include <iostream>

namespace dw = dimwise;

int main() {
  // The observations: a damped oscillator from 20 starting points at 9 times, with a little noise, of shape (9, 20, 2).
  const dw::Rng rng(3);
  const std::vector<double> times{0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2};
  const dw::Tensor start = rng.split("start").normal({20, 2});
  const dw::Tensor a = dw::tensor(std::vector<double>{-0.2, -2, 2, -0.2}, {2, 2}, dw::DType::float32);
  const auto truth = [&](const dw::Tensor&, const dw::Tensor& x) { return dw::matmul(x, a); };
  const dw::Tensor exact = dw::odeint(truth, start, times),
                   seen = exact + 0.01 * rng.split("noise").normal(exact.shape());

  dw::HollowNet net{dw::MaskedConditioner({.d = 2, .d_h = 8, .hidden = {32}}, rng.split("conditioner")),
                    dw::SharedTransformer({.d = 2, .d_h = 8, .hidden = {32}}, rng.split("transformer"))};
  const dw::OdeOptions options{.rtol = 1e-4, .atol = 1e-4, .gradient = dw::OdeGradient::adjoint};
  const auto mismatch = [&](const auto& m) {
    const dw::OdeSolution s = value_or_throw(dw::odeint(dw::hollow_term(m), {start}, times, options));
    dw::Tensor sum = dw::scalar(0);
    for (size_t i = 1; i < times.size(); ++i)
      sum = sum + dw::mean(dw::square(s.y[i][0] - dw::select(seen, 0, static_cast<int64_t>(i))));
    return sum / static_cast<double>(times.size() - 1);
  };
  dw::Adam adam{.lr = 1e-2};
  double first = 0, last = 0;
  for (int step = 0; step < 200; ++step) {
    const auto [loss, gradient] = dw::value_and_grad(mismatch, net);
    adam.step(net, gradient);
    (step == 0 ? first : last) = loss.item();
    if (step % 50 == 49) std::cout << "step " << step + 1 << ": mean squared mismatch " << last << '\n';
  }
  const dw::Tensor x = dw::tensor({1, 0}, dw::DType::float32);
  std::cout << "f(1, 0) learned: " << net(x) << "\nf(1, 0) true:    " << truth({}, dw::unsqueeze(x, 0)) << '\n';
  return last < 0.01 * first ? 0 : 1;
}
