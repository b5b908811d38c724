// Trains a HollowNet f: R² → R² until its divergence is that of a given field.
#include <dimwise.hpp>
#include <iostream>

namespace dw = dimwise;

int main() {
  const dw::Rng rng(42);
  dw::HollowNet net{dw::MaskedConditioner({.d = 2}, rng.split("conditioner")),
                    dw::SharedTransformer({.d = 2}, rng.split("transformer"))};
  dw::Adam adam{.lr = 1e-2};
  double before = 0, after = 0;
  for (uint64_t step = 0; step < 200; ++step) {
    const dw::Tensor x = rng.split(step).normal({64, 2}), wanted = dw::sum(dw::sin(x), {-1});
    const auto [loss, gradient] = dw::value_and_grad(
        [&](const auto& net) { return dw::mean(dw::square(dw::divergence(net.at(), x) - wanted)); }, net);
    adam.step(net, gradient);
    (step == 0 ? before : after) = loss.item();
  }
  std::cout << "Mean squared error of the divergence: " << before << " before training, " << after << " after.\n";
  return after < 0.1 * before ? 0 : 1;
}
