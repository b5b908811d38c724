#include <cmath>
#include <memory>

#include "bench/peers/torch.hpp"

namespace dimwise::bench {

namespace {

using torch::Tensor;

struct Training {
  std::vector<Tensor> p;  // W₁ b₁ W₂ b₂ W₃ b₃, W of shape (out, in)
  Tensor x = torch_numbers({256, 784}, 1, 1.0), y = torch::arange(256, torch::kLong).remainder(10);
  Tensor a = torch_numbers({256, 1024}, 2, 1.0), b = torch_numbers({1024, 1024}, 3, 1.0);
  Tensor product = torch::empty({256, 1024});
  std::unique_ptr<torch::optim::Adam> adam;

  Training() {
    const int64_t n[] = {784, 1024, 1024, 10};
    for (uint32_t i = 0; i < 3; ++i) {
      const double scale = 1 / std::sqrt(static_cast<double>(n[i]));
      p.push_back(torch_numbers({n[i + 1], n[i]}, 10 + 2 * i, scale).requires_grad_());
      p.push_back(torch_numbers({n[i + 1]}, 11 + 2 * i, scale).requires_grad_());
    }
    adam = std::make_unique<torch::optim::Adam>(p, torch::optim::AdamOptions(1e-3));
  }

  Tensor loss() const {
    Tensor h = torch::tanh(torch::linear(x, p[0], p[1]));
    h = torch::tanh(torch::linear(h, p[2], p[3]));
    return torch::cross_entropy_loss(torch::linear(h, p[4], p[5]), y);
  }
  void step() {
    adam->zero_grad();
    loss().backward();
    adam->step();
  }
  void multiply() {
    const torch::NoGradGuard off;
    torch::mm_out(product, a, b);
  }
};

}  // namespace

Twin torch_mlp(int threads) {
  const auto training = std::make_shared<Training>();
  Twin twin;
  for (int i = 0; i < 5; ++i) training->step();
  twin.check["loss after 5 steps"] = training->loss().item<double>();
  const auto with = [&](int own, void (Training::*work)()) {
    return [=] {
      at::set_num_threads(own);
      (training.get()->*work)();
    };
  };
  twin.cases["step"] = with(threads, &Training::step);
  twin.cases["sgemm"] = with(threads, &Training::multiply);
  if (threads > 1) twin.cases["step/blas"] = with(1, &Training::step);
  return twin;
}

}  // namespace dimwise::bench
