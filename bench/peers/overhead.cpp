#include "bench/peers/torch.hpp"

namespace dimwise::bench {

namespace {

constexpr int ops = 1000;

torch::Tensor chain(const std::string& op, const torch::Tensor& a, const torch::Tensor& b) {
  torch::Tensor y = a;
  for (int i = 0; i < ops; ++i) y = op == "add" ? y + b : op == "mul" ? y * b : torch::tanh(y);
  return y;
}

}  // namespace

bool torch_built() { return true; }

Twin torch_overhead() {
  at::set_num_threads(1);
  const auto a = torch::ones({1}).requires_grad_(), b = torch::ones({1}).requires_grad_();
  Twin twin;
  for (const std::string op : {"add", "mul", "tanh"})
    twin.cases[op] = [=] {
      std::vector<torch::Tensor> inputs{a};
      if (op != "tanh") inputs.push_back(b);
      keep(torch::autograd::grad({chain(op, a, b)}, inputs)[0].data_ptr());
    };
  twin.cases["recorded"] = [=] {
    keep(torch::autograd::grad({chain("mul", a, b)}, {a}, {}, true, true)[0].data_ptr());
  };
  twin.cases["second"] = [=] {
    const auto first = torch::autograd::grad({chain("mul", a, b)}, {a}, {}, true, true);
    keep(torch::autograd::grad(first, {b})[0].data_ptr());
  };
  return twin;
}

}  // namespace dimwise::bench
