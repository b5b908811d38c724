#include <cmath>
#include <memory>

#include "bench/peers/torch.hpp"

namespace dimwise::bench {

namespace {

using torch::Tensor;
using torch::autograd::grad;

// Parameters by name, as leaves.
struct Leaves {
  std::map<std::string, Tensor> by_name;
  std::vector<Tensor> all;

  explicit Leaves(const Arrays& arrays) {
    for (const auto& [name, array] : arrays) {
      all.push_back(torch_array(array).requires_grad_());
      by_name[name] = all.back();
    }
  }
  const Tensor& operator[](const std::string& name) const { return by_name.at(name); }
};

double squares_of(const std::vector<Tensor>& gradients) {
  double total = 0;
  for (const Tensor& g : gradients) total += torch_squares(g);
  return total;
}

const double half_log_2pi = 0.5 * std::log(2 * M_PI);

struct Adamax {
  std::vector<Tensor> m, u;
  double lr = 5e-4, beta1 = 0.9, beta2 = 0.999, eps = 1e-7;
  int64_t t = 0;

  void step(const std::vector<Tensor>& p, const std::vector<Tensor>& g) {
    const torch::NoGradGuard off;
    if (m.empty())
      for (const Tensor& one : p) m.push_back(torch::zeros_like(one)), u.push_back(torch::zeros_like(one));
    ++t;
    const double rate = lr / (1 - std::pow(beta1, t));
    for (size_t i = 0; i < p.size(); ++i) {
      m[i].mul_(beta1).add_(g[i], 1 - beta1);
      u[i].mul_(beta2);
      torch::maximum_out(u[i], u[i], g[i].abs().add_(eps));
      const_cast<Tensor&>(p[i]).addcdiv_(m[i], u[i], -rate);
    }
  }
};

// The transposed convolution as the gradient of a convolution, which libtorch computes with oneDNN, unlike its
// transposed convolution, which uses im2col.
struct ByConvolution : torch::autograd::Function<ByConvolution> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const Tensor& w, int64_t stride,
                        int64_t padding) {
    context->save_for_backward({x, w});
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    const int64_t size = (x.size(2) - 1) * stride - 2 * padding + w.size(2) + stride - 1;
    const Tensor image = torch::empty({x.size(0), w.size(1), size, size});
    return gradients(x, image, w, stride, padding, {true, false, false})[0];
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& g) {
    const auto saved = context->get_saved_variables();
    const int64_t stride = context->saved_data["stride"].toInt(), padding = context->saved_data["padding"].toInt();
    return {torch::conv2d(g[0], saved[1], {}, stride, padding),
            gradients(saved[0], g[0], saved[1], stride, padding, {false, true, false})[1], Tensor(), Tensor()};
  }
  static std::array<Tensor, 2> gradients(const Tensor& g, const Tensor& image, const Tensor& w, int64_t stride,
                                         int64_t padding, std::array<bool, 3> which) {
    const auto r = at::convolution_backward(g, image, w, at::OptionalIntArrayRef(), {stride, stride},
                                            {padding, padding}, {1, 1}, false, {0, 0}, 1, which);
    return {std::get<0>(r), std::get<1>(r)};
  }
};

struct Vae {
  Leaves p;
  Tensor images;
  bool by_convolution;
  Adamax optimizer;

  Vae(const Arrays& parameters, const Array& x, bool by) : p(parameters), images(torch_array(x)), by_convolution(by) {}

  Tensor gated(const std::string& name, const Tensor& x, int64_t stride, int64_t padding) const {
    const auto part = [&](const char* which) {
      return torch::conv2d(x, p[name + which + ".weight"], p[name + which + ".bias"], stride, padding);
    };
    return part(".value") * torch::sigmoid(part(".gate"));
  }
  Tensor gated_transpose(const std::string& name, const Tensor& x, int64_t stride, int64_t padding) const {
    const auto part = [&](const char* which) {
      const Tensor &w = p[name + which + ".weight"], &b = p[name + which + ".bias"];
      if (by_convolution) return ByConvolution::apply(x, w, stride, padding) + b.view({-1, 1, 1});
      return torch::conv_transpose2d(x, w, b, stride, padding, stride - 1);
    };
    return part(".value") * torch::sigmoid(part(".gate"));
  }

  Tensor loss(const Tensor& noise) const {
    const int64_t n = images.size(0);
    Tensor h = images.view({n, 1, 28, 28});
    const int64_t down[] = {1, 2, 1, 2, 1, 1}, up[] = {1, 1, 2, 1, 2, 1};
    for (int64_t l = 0; l < 6; ++l) h = gated("encoder.layers." + std::to_string(l), h, down[l], l == 5 ? 0 : 2);
    h = h.view({n, 256});
    const Tensor mean = torch::linear(h, p["mean.weight"], p["mean.bias"]);
    const Tensor variance = torch::softplus(torch::linear(h, p["variance.weight"], p["variance.bias"]));
    const Tensor log_scale = 0.5 * (variance + 1e-30).log();
    const Tensor z = mean + log_scale.exp() * noise;
    h = z.view({n, -1, 1, 1});
    for (int64_t l = 0; l < 6; ++l)
      h = gated_transpose("decoder.layers." + std::to_string(l), h, up[l], l == 0 ? 0 : 2);
    const Tensor logits = torch::conv2d(h, p["decoder.last.weight"], p["decoder.last.bias"]).view({n, 784});
    const Tensor reconstruction =
        torch::binary_cross_entropy_with_logits(logits, images, {}, {}, at::Reduction::Sum) / n;
    const Tensor log_q = -(0.5 * ((z - mean) * (-log_scale).exp()).square() + log_scale + half_log_2pi).sum(1);
    const Tensor log_p = -(0.5 * z.square() + half_log_2pi).sum(1);
    return reconstruction + (log_q - log_p).mean();
  }
  void step() { optimizer.step(p.all, grad({loss(torch::randn({images.size(0), 64}))}, p.all)); }
};

// A HollowNet of one hidden layer in conditioner and transformer, with time and a context in both.
struct Flow {
  Leaves p;
  Tensor mask1, mask2, noise;
  double end_time;
  int64_t steps;

  Flow(const Arrays& parameters, const Array& v, double end, int64_t n)
      : p(without_masks(parameters)),
        mask1(torch_array(parameters.at("mask1"))),
        mask2(torch_array(parameters.at("mask2"))),
        noise(torch_array(v)),
        end_time(end),
        steps(n) {}

  static Arrays without_masks(Arrays arrays) {
    arrays.erase("mask1");
    arrays.erase("mask2");
    return arrays;
  }

  // The data shared by all evaluations.
  struct Ready {
    Tensor first, second, below, above;
  };
  Ready prepare() const {
    return {p["conditioner.layers.0.weight"] * mask1, p["conditioner.layers.1.weight"] * mask2,
            torch::linear(p["context"], p["conditioner.conditioning.context.weight"]),
            torch::linear(p["context"], p["transformer.conditioning.context.weight"])};
  }
  Tensor conditioner(const Ready& r, double t, const Tensor& x) const {
    const Tensor term = r.below + t * p["conditioner.conditioning.time.weight"].view({-1});
    const Tensor y = torch::softplus(torch::linear(x, r.first, p["conditioner.layers.0.bias"]) + term);
    return torch::linear(y, r.second, p["conditioner.layers.1.bias"]);
  }
  Tensor transformer(const Ready& r, double t, const Tensor& x, const Tensor& h) const {
    const Tensor term = r.above + t * p["transformer.conditioning.time.weight"].view({-1});
    Tensor y =
        torch::linear(h.view({x.size(0), x.size(1), -1}), p["transformer.from_h.weight"], p["transformer.from_h.bias"]);
    y = torch::softplus(torch::addcmul(y, x.unsqueeze(-1), p["transformer.weight_x"]) + term.unsqueeze(1));
    return torch::linear(y, p["transformer.layers.0.weight"], p["transformer.layers.0.bias"]).squeeze(-1);
  }

  using Drift = std::pair<Tensor, Tensor> (Flow::*)(const Ready&, double, const Tensor&) const;  // f and its trace

  std::pair<Tensor, Tensor> hutchinson(const Ready& r, double t, const Tensor& x) const {
    const Tensor f = transformer(r, t, x, conditioner(r, t, x));
    return {f, (grad({f}, {x}, {noise}, true, true)[0] * noise).sum(1)};
  }
  std::pair<Tensor, Tensor> brute_force(const Ready& r, double t, const Tensor& x) const {
    const Tensor f = transformer(r, t, x, conditioner(r, t, x));
    Tensor trace = torch::zeros({x.size(0)});
    for (int64_t i = 0; i < x.size(1); ++i)
      trace = trace + grad({f.select(1, i).sum()}, {x}, {}, true, true)[0].select(1, i);
    return {f, trace};
  }
  // h is constant only for the inner pass, which starts from a copy of x that is not an input of the conditioner.
  std::pair<Tensor, Tensor> exact(const Ready& r, double t, const Tensor& x) const {
    const Tensor h = conditioner(r, t, x), inner = x.view_as(x), f = transformer(r, t, inner, h);
    return {f, grad({f.sum()}, {inner}, {}, true, true)[0].sum(1)};
  }

  Tensor loss(Drift of) const {
    const Ready r = prepare();
    const auto drift = [&](double t, const Tensor& x) { return (this->*of)(r, t, x); };
    const double dt = end_time / static_cast<double>(steps);
    Tensor x = p["z0"], log_det = torch::zeros({x.size(0)});
    for (int64_t i = 0; i < steps; ++i) {
      const double t = dt * static_cast<double>(i);
      const auto [k1, l1] = drift(t, x);
      const auto [k2, l2] = drift(t + 0.5 * dt, torch::add(x, k1, 0.5 * dt));
      const auto [k3, l3] = drift(t + 0.5 * dt, torch::add(x, k2, 0.5 * dt));
      const auto [k4, l4] = drift(t + dt, torch::add(x, k3, dt));
      x = torch::add(x, k1 + 2 * k2 + 2 * k3 + k4, dt / 6);
      log_det = torch::add(log_det, l1 + 2 * l2 + 2 * l3 + l4, dt / 6);
    }
    return (0.5 * x.square().sum(1) - log_det).mean();
  }
};

}  // namespace

Twin torch_vae(const Arrays& parameters, const Array& images, const Array& noise, int threads, bool by_convolution) {
  at::set_num_threads(threads);
  const auto vae = std::make_shared<Vae>(parameters, images, by_convolution);
  const Tensor loss = vae->loss(torch_array(noise));
  Twin twin;
  twin.check["loss"] = loss.item<double>();
  const std::vector<Tensor> g = grad({loss}, vae->p.all);
  size_t i = 0;
  for (const auto& [name, p] : vae->p.by_name)
    twin.check["gradient of " + name.substr(0, name.find('.'))] += torch_squares(g[i++]);
  twin.cases["step"] = [=] {
    at::set_num_threads(threads);
    vae->step();
  };
  return twin;
}

Twin torch_vae_flow(const Arrays& parameters, const Array& noise, double end_time, int64_t steps) {
  at::set_num_threads(1);
  const auto flow = std::make_shared<Flow>(parameters, noise, end_time, steps);
  const std::map<std::string, Flow::Drift> drifts = {
      {"hutchinson", &Flow::hutchinson}, {"brute-force", &Flow::brute_force}, {"exact", &Flow::exact}};
  Twin twin;
  for (const auto& [name, drift] : drifts) {
    const Tensor loss = flow->loss(drift);
    twin.check[name + " loss"] = loss.item<double>();
    twin.check[name + " gradient"] = squares_of(grad({loss}, flow->p.all));
    twin.cases[name] = [flow, drift = drift] { keep(grad({flow->loss(drift)}, flow->p.all)[0].data_ptr()); };
  }
  return twin;
}

}  // namespace dimwise::bench
