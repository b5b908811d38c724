#pragma once

#include <functional>

#include "autodiff/base/rng.hpp"
#include "autodiff/dimwise.hpp"
#include "nn/module.hpp"

namespace dimwise {

struct CheckHollowOptions {
  int points = 3;            ///< random x tried
  double threshold = 1e-12;  ///< a leak is an entry above threshold · ‖J‖
  uint64_t seed = 0;
};

namespace detail {
void check_hollow(int64_t d, const std::function<std::vector<Tensor>(const Tensor&)>& conditioner,
                  const std::function<Tensor(const Tensor&)>& transformer, const CheckHollowOptions& options);
}  // namespace detail

/// Proves by brute force at random x that ∂h_i/∂x_i = 0 and that ∂τ/∂x is diagonal given h, for every (i, j), and that
/// rows of a batch do not depend on each other.
///
/// In float64; d is the dimension of x. Throws ValueError that names the first leaking (i, j) and its size, and for d
/// or a number of points below 1. Cost: 2d·d_h reverse passes per point.
///
/// Example: `check_hollow(net.at(), 8);`
template <HollowFunction Net>
void check_hollow(const Net& net, int64_t d, const CheckHollowOptions& options = {}) {
  decltype(net.conditioner(Tensor())) h;
  detail::check_hollow(
      d,
      [&](const Tensor& x) {
        h = net.conditioner(x);
        return detail::held(h);
      },
      [&](const Tensor& x) { return net.transformer(x, h); }, options);
}

/// The same for a module, with the parameters of a copy randomized (a zero-initialized last layer hides leaks), where
/// `bind(copy)` returns the function of x.
///
/// Example: `check_hollow(net, 8, [](const auto& m) { return m.at(scalar(0.3, DType::float64)); });`
template <Module M, class Bind>
void check_hollow(const M& net, int64_t d, Bind&& bind, const CheckHollowOptions& options = {}) {
  const Rng rng = Rng(options.seed).split("check_hollow parameters");
  const M random = map_parameters(astype(net, DType::float64), [&](const std::string& name, const Tensor& t) {
    return rng.split(name).normal(t.shape(), DType::float64);
  });
  check_hollow(bind(random), d, options);
}

}  // namespace dimwise
