// The gradient of f(x) = Σ x_i² tanh(x_i), and its Hessian times a vector.
#include <dimwise.hpp>
#include <iostream>

namespace dw = dimwise;

int main() {
  const auto f = [](const dw::Tensor& x) { return dw::sum(x * x * dw::tanh(x)); };
  const dw::Tensor x = dw::tensor({0.5, -1, 2}, dw::DType::float64);

  const auto [value, gradient] = dw::value_and_grad(f, x);
  std::cout << "f(x)      = " << value << "\ngrad f(x) = " << gradient << '\n';
  std::cout << "Hessian·1 = " << dw::hvp(f, x, dw::ones_like(x)) << '\n';
}
