#include <cmath>
#include <memory>

#include "bench/limits/dopri5.hpp"
#include "bench/peers/torch.hpp"

namespace dimwise::bench {

namespace {

using torch::Tensor;
using torch::autograd::grad;

struct Flow {
  std::vector<Tensor> p;
  Tensor start;
  std::unique_ptr<torch::optim::Adam> optimizer;
  int evaluations = 0;

  explicit Flow(int64_t batch) {
    const int64_t n[] = {3, 64, 64, 64, 2};
    for (uint32_t i = 0; i < 4; ++i) {
      const double scale = 4.0 / std::sqrt(static_cast<double>(n[i]));
      p.push_back(torch_numbers({n[i + 1], n[i]}, 80 + 2 * i, scale).requires_grad_());
      p.push_back(torch_numbers({n[i + 1]}, 81 + 2 * i, scale).requires_grad_());
    }
    start = torch::cat({torch_numbers({batch, 2}, 90, 2.0), torch::zeros({batch, 1})}, 1);
    optimizer = std::make_unique<torch::optim::Adam>(p, torch::optim::AdamOptions(0.0));
  }

  // The drift and its trace, by two backward passes.
  Tensor field(double t, const Tensor& y) {
    ++evaluations;
    const auto z = y.narrow(1, 0, 2);
    auto h = torch::addmm(p[1] + t * p[0].select(1, 2), z, p[0].narrow(1, 0, 2).t()).tanh();
    h = torch::addmm(p[3], h, p[2].t()).tanh();
    h = torch::addmm(p[5], h, p[4].t()).tanh();
    const auto dz = torch::addmm(p[7], h, p[6].t());
    const auto first = grad({dz.select(1, 0).sum()}, {z}, {}, true, true)[0].select(1, 0);
    const auto second = grad({dz.select(1, 1).sum()}, {z}, {}, true, true)[0].select(1, 1);
    return torch::cat({dz, (first + second).unsqueeze(1)}, 1);
  }

  Tensor solve() {
    double t = 0, h = dopri5::first_step;
    evaluations = 0;
    Tensor y = start.detach().requires_grad_();
    Tensor k1 = field(0, y);
    while (t < 1) {
      h = std::min(h, 1 - t);
      std::vector<Tensor> k = {k1};
      Tensor next;
      for (size_t s = 1; s < 7; ++s) {
        next = y;
        for (size_t j = 0; j < s; ++j)
          if (dopri5::a[s][j] != 0) next = torch::add(next, k[j], h * dopri5::a[s][j]);
        k.push_back(field(t + dopri5::c[s] * h, next));
      }
      double norm = 0;
      {
        const torch::NoGradGuard off;
        auto error = (h * dopri5::error[0]) * k[0];
        for (size_t j = 1; j < 7; ++j)
          if (dopri5::error[j] != 0) error.add_(k[j], h * dopri5::error[j]);
        const auto scale = dopri5::tolerance + dopri5::tolerance * torch::maximum(y.abs(), next.abs());
        norm = (error / scale).square().mean().sqrt().item<double>();
      }
      if (norm <= 1) {
        t += h;
        y = next;
        k1 = k[6];
        if (1 - t < 1e-9) t = 1;
      }
      h *= dopri5::factor(norm);
    }
    return y;
  }

  Tensor loss() {
    const Tensor y = solve();
    return (0.5 * y.narrow(1, 0, 2).square().sum(1) - y.select(1, 2)).mean();
  }
  void step() {
    optimizer->zero_grad();
    loss().backward();
    optimizer->step();
  }
};

}  // namespace

Twin torch_cnf(int64_t batch, int threads) {
  const auto flow = std::make_shared<Flow>(batch);
  Twin twin;
  at::set_num_threads(threads);
  const Tensor loss = flow->loss();
  double gradient = 0;
  for (const Tensor& g : grad({loss}, flow->p)) gradient += torch_squares(g);
  twin.check = {{"loss", loss.item<double>()}, {"gradient", gradient}, {"evaluations", flow->evaluations}};
  twin.cases["step"] = [=] {
    at::set_num_threads(threads);
    flow->step();
  };
  if (threads > 1)
    twin.cases["step/blas"] = [=] {
      at::set_num_threads(1);
      flow->step();
    };
  return twin;
}

}  // namespace dimwise::bench
