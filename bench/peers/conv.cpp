#include <cmath>
#include <memory>

#include "bench/peers/torch.hpp"

namespace dimwise::bench {

Twin torch_conv(int64_t stride, int threads) {
  struct Layer {
    torch::Tensor x = torch_numbers({100, 32, 28, 28}, 50, 1.0).requires_grad_();
    torch::Tensor w = torch_numbers({32, 32, 5, 5}, 60, 1 / std::sqrt(800.0)).requires_grad_();
    torch::Tensor b = torch_numbers({32}, 61, 1 / std::sqrt(800.0)).requires_grad_();
    torch::Tensor forward(int64_t stride) const { return torch::conv2d(x, w, b, stride, 2); }
    std::vector<torch::Tensor> gradient(int64_t stride) const {
      return torch::autograd::grad({forward(stride).square().sum()}, {x, w, b});
    }
  };
  const auto layer = std::make_shared<Layer>();
  at::set_num_threads(threads);
  const std::vector<torch::Tensor> g = layer->gradient(stride);
  Twin twin;
  twin.check = {{"y", torch_squares(layer->forward(stride))},
                {"gradient of x", torch_squares(g[0])},
                {"gradient of w", torch_squares(g[1])},
                {"gradient of b", torch_squares(g[2])}};
  twin.cases["forward"] = [=] {
    const torch::NoGradGuard off;
    at::set_num_threads(threads);
    layer->forward(stride);
  };
  twin.cases["train"] = [=] {
    at::set_num_threads(threads);
    layer->gradient(stride);
  };
  return twin;
}

}  // namespace dimwise::bench
