// What every consumer builds: each layer is used once, and the answer is checked.
#include <cmath>
#include <dimwise.hpp>
#include <iostream>

namespace dw = dimwise;

int main() {
  const dw::Tensor x = dw::Rng(1).normal({3, 4}, dw::DType::float64);
  const auto [value, gradient] =
      dw::value_and_grad([](const dw::Tensor& x) { return dw::sum(dw::matmul(x, dw::transpose(x))); }, x);
  const dw::HollowNet net{dw::MaskedConditioner({.d = 4, .dtype = dw::DType::float64}, dw::Rng(2)),
                          dw::SharedTransformer({.d = 4, .dtype = dw::DType::float64}, dw::Rng(3))};
  const dw::Tensor divergence = dw::divergence(net.at(), x);
  dw::Tensor trace = dw::zeros({3}, dw::DType::float64);
  for (int64_t row = 0; row < 3; ++row) {
    const dw::Tensor jacobian = dw::jacobian([&](const dw::Tensor& x) { return net(x); }, dw::select(x, 0, row));
    trace = trace + dw::sum(dw::diagonal(jacobian)) * dw::select(dw::eye(3, dw::DType::float64), 0, row);
  }
  const double difference = dw::max(dw::abs(divergence - trace)).item();
  std::cout << "value " << value.item() << ", gradient " << gradient.shape() << ", divergence off by " << difference
            << ", problem " << dw::ode_problem("kepler").title << '\n';
  return gradient.shape() == x.shape() && std::isfinite(value.item()) && difference < 1e-12 ? 0 : 1;
}
