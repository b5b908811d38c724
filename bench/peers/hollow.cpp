#include <cmath>
#include <memory>

#include "bench/peers/torch.hpp"

namespace dimwise::bench {

namespace {

using torch::Tensor;
using torch::autograd::grad;

struct Net {
  static constexpr int64_t batch = 256, hidden = 256, tau_hidden = 64, d_h = 32;
  int64_t d;
  Tensor x, mask1, mask2, w1, b1, w2, b2, wx, wh, bt, v, c, masked1, masked2;

  explicit Net(int64_t dimension) : d(dimension) {
    const auto bound = [](int64_t n) { return 1 / std::sqrt(static_cast<double>(n)); };
    x = torch_numbers({batch, d}, 29, 1.5);
    w1 = torch_numbers({hidden, d}, 20, bound(d));
    b1 = torch_numbers({hidden}, 21, bound(d));
    w2 = torch_numbers({d * d_h, hidden}, 22, bound(hidden));
    b2 = torch_numbers({d * d_h}, 23, bound(hidden));
    wx = torch_numbers({1, tau_hidden}, 24, bound(1 + d_h));
    wh = torch_numbers({d_h, tau_hidden}, 25, bound(1 + d_h));
    bt = torch_numbers({tau_hidden}, 26, bound(1 + d_h));
    v = torch_numbers({tau_hidden, 1}, 27, bound(tau_hidden));
    c = torch_numbers({1}, 28, bound(tau_hidden));
    const auto j = torch::arange(d), k = torch::arange(hidden / 2);
    const auto degree = (k * d).div(hidden / 2, "floor").unsqueeze(1);
    mask1 = torch::cat({j<degree, j> degree}, 0).to(torch::kFloat);
    mask2 = torch::cat({j.unsqueeze(1) >= degree.t(), j.unsqueeze(1) <= degree.t()}, 1)
                .to(torch::kFloat)
                .repeat_interleave(d_h, 0);
    masked1 = w1 * mask1;
    masked2 = w2 * mask2;
  }

  Tensor conditioner(const Tensor& in, const Tensor& first, const Tensor& second) const {
    return torch::linear(torch::tanh(torch::linear(in, first, b1)), second, b2);
  }
  Tensor transformer(const Tensor& in, const Tensor& h) const {
    const auto u = torch::addmm(bt, h.reshape({-1, d_h}), wh);
    const auto z = torch::tanh(torch::addcmul(u, in.reshape({-1, 1}), wx));
    return torch::addmm(c, z, v).view({batch, d});
  }
  Tensor held() const {
    const torch::NoGradGuard off;
    return conditioner(x, masked1, masked2);
  }

  void forward() const {
    const torch::NoGradGuard off;
    keep(transformer(x, conditioner(x, masked1, masked2)).data_ptr());
  }
  std::pair<Tensor, Tensor> dimwise() const {
    const auto h = held(), in = x.detach().requires_grad_();
    const auto f = transformer(in, h), d1 = grad({f.sum()}, {in})[0];
    keep(d1.sum(1).data_ptr());
    return {f.detach(), d1};
  }
  Tensor second() const {
    const auto h = held(), in = x.detach().requires_grad_();
    const auto d1 = grad({transformer(in, h).sum()}, {in}, {}, true, true)[0];
    return grad({d1.sum()}, {in})[0];
  }
  // The graph is cut at h: one pass through the conditioner, starting from the gradient with respect to h. Gradients of
  // x, w1, b1, w2, b2, wx, wh, bt, v, c.
  std::vector<Tensor> train() const {
    std::vector<Tensor> leaf;
    for (const Tensor& p : {w1, b1, w2, b2, wx, wh, bt, v, c}) leaf.push_back(p.detach().requires_grad_());
    const auto in = x.detach().requires_grad_(), below = x.detach().requires_grad_();
    const auto h = torch::linear(torch::tanh(torch::linear(below, leaf[0] * mask1, leaf[1])), leaf[2] * mask2, leaf[3]);
    const auto cut = h.detach().requires_grad_();
    const auto u = torch::addmm(leaf[6], cut.reshape({-1, d_h}), leaf[5]);
    const auto z = torch::tanh(torch::addcmul(u, in.reshape({-1, 1}), leaf[4]));
    const auto f = torch::addmm(leaf[8], z, leaf[7]).view({batch, d});
    const auto d1 = grad({f.sum()}, {in}, {}, true, true)[0];
    const auto loss = (0.5 * f.square().sum() + d1.sum()) / static_cast<double>(batch);
    const auto upper = grad({loss}, {cut, in, leaf[4], leaf[5], leaf[6], leaf[7], leaf[8]});
    const auto lower = grad({h}, {below, leaf[0], leaf[1], leaf[2], leaf[3]}, {upper[0]});
    return {
        upper[1] + lower[0], lower[1], lower[2], lower[3], lower[4], upper[2], upper[3], upper[4], upper[5], upper[6]};
  }
};

}  // namespace

Twin torch_hollow(int64_t d, bool check) {
  at::set_num_threads(1);
  const auto net = std::make_shared<Net>(d);
  Twin twin;
  if (check) {
    const auto [f, d1] = net->dimwise();
    const auto g = net->train();
    twin.check = {{"f", torch_squares(f)},
                  {"D1", torch_sum(d1)},
                  {"D2", torch_sum(net->second())},
                  {"gradient of x", torch_squares(g[0])},
                  {"gradient of w1", torch_squares(g[1])},
                  {"gradient of b1", torch_squares(g[2])},
                  {"gradient of w2", torch_squares(g[3])},
                  {"gradient of b2", torch_squares(g[4])},
                  {"gradient of wx", torch_squares(g[5])},
                  {"gradient of wh", torch_squares(g[6])},
                  {"gradient of bt", torch_squares(g[7])},
                  {"gradient of v", torch_squares(g[8])},
                  {"gradient of c", torch_squares(g[9])}};
  }
  twin.cases = {{"fwd", [net] { net->forward(); }},
                {"dimwise", [net] { net->dimwise(); }},
                {"second", [net] { net->second(); }},
                {"train", [net] { net->train(); }}};
  return twin;
}

}  // namespace dimwise::bench
