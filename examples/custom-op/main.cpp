// An op with rules of its own: log Σ exp(a x) / a of a row, a smooth maximum, whose derivative is a softmax. The rules
// are written in public ops, so that the op nests to any order.
#include <dimwise.hpp>
#include <iostream>

namespace dw = dimwise;

namespace {

dw::Tensor smooth_max(const dw::Tensor& x, double a) {
  using List = std::vector<dw::Tensor>;
  const auto weights = [a](const dw::Tensor& in) { return dw::softmax(a * in, -1); };
  return dw::custom({"smooth_max", [a](const List& in) { return dw::logsumexp(a * in[0], {-1}) / a; },
                     [weights](const List& in, const dw::Tensor&, const dw::Tensor& w) {
                       return List{dw::unsqueeze(w, -1) * weights(in[0])};
                     },
                     [weights](const List& in, const dw::Tensor&, const List& tangents) {
                       return dw::sum(weights(in[0]) * tangents[0], {-1});
                     }},
                    {x});
}

}  // namespace

int main() {
  const dw::Tensor x = dw::tensor({0.5, 2, -1}, dw::DType::float64);
  const auto f = [](const dw::Tensor& in) { return smooth_max(in, 3); };
  std::cout << "value   " << f(x) << "\ngradient " << dw::grad(f)(x) << "\nHessian " << dw::hessian(f, x) << '\n';

  // Every rule against differences and against each other, to the third derivative.
  const dw::CheckResult worst =
      dw::check_grads([&](const std::vector<dw::Tensor>& in) { return smooth_max(in[0], 3); }, {x}, {.order = 3});
  std::cout << "largest error against differences: " << worst.worst << " (" << worst.where << ")\n";
}
