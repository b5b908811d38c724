#pragma once

#include <functional>
#include <string>
#include <vector>

#include "autodiff/base/rng.hpp"
#include "autodiff/context.hpp"
#include "hollow/net/any_hollow_net.hpp"

namespace dimwise::test {

/// Every conditioner with every transformer, with time and context, in float64.
inline std::vector<std::pair<std::string, AnyHollowNet>> every_net(int64_t d, bool time = true, int64_t context = 2,
                                                                   int64_t d_h = 3) {
  std::vector<std::pair<std::string, AnyHollowNet>> nets;
  const Rng rng(7);
  for (const std::string& c : conditioner_names())
    for (const std::string& t : transformer_names()) {
      const ConditionerConfig conditioner{
          .d = d, .d_h = d_h, .hidden = {9, 8}, .time = time, .context = context, .dtype = DType::float64};
      const TransformerConfig transformer{.d = d,
                                          .d_h = d_h,
                                          .hidden = {6, 5},
                                          .activation = Activation::softplus,
                                          .time = time,
                                          .context = context,
                                          .dtype = DType::float64};
      nets.emplace_back(c + " × " + t, AnyHollowNet{make_conditioner(c, conditioner, rng.split(c)),
                                                    make_transformer(t, transformer, rng.split(t))});
    }
  return nets;
}

/// {f, D¹, …, D^k} with the diagonal from d reverse passes through the whole net, for each order.
///
/// A pull of eᵢ from f gives ∂f_i/∂x; its i-th column, pulled again, ∂²f_i/∂x_i∂x; and so on.
inline std::vector<Tensor> brute_force(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, int order) {
  const EnableGrad guard;
  const Tensor leaf = track(x);
  const int64_t d = x.dim(-1);
  std::vector<Tensor> result{f(leaf)};
  std::vector<Tensor> columns(static_cast<size_t>(order) + 1);
  for (int64_t i = 0; i < d; ++i) {
    const Tensor one = broadcast_to(place_row(scalar(1, x.dtype()), i, d), x.shape());
    Tensor current = result[0];
    for (int k = 1; k <= order; ++k) {
      const Tensor g = Tape({current}, {leaf}).pull({one})[0];
      current = g;
      accumulate(columns[static_cast<size_t>(k)], mul(g, one));
    }
  }
  result.insert(result.end(), columns.begin() + 1, columns.end());
  return result;
}

}  // namespace dimwise::test
