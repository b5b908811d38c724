#include "hollow/sde/sde.hpp"

#include <utility>

#include "hollow/net/brute_force.hpp"

namespace dimwise {

SdeCoefficient brute_force_coefficient(std::function<Tensor(const Tensor& t, const Tensor& x)> f) {
  return [f = std::move(f)](const Tensor& t, const Tensor& x, int order) {
    if (order == 0) return std::vector<Tensor>{f(t, x)};
    return brute_force_dimwise([&](const Tensor& inner) { return f(t, inner); }, x, order);
  };
}

}  // namespace dimwise
