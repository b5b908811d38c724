// Robertson's reactions, a stiff model: the rate constants are found from observed concentrations by L-BFGS, with an
// implicit solver and gradients by its adjoint.
#include <cmath>
#include <dimwise.hpp>
#include <iostream>

namespace dw = dimwise;

namespace {

constexpr dw::DType f64 = dw::DType::float64;

// Logarithms of the rates of A → B, 2B → B + C and B + C → A + C.
struct Rates {
  dw::Tensor log_k;
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("log_k", self.log_k);
  }
};

dw::Tensor concentrations(const Rates& rates, const std::vector<double>& times) {
  const dw::Tensor k = dw::exp(rates.log_k);
  const auto f = [k](const dw::Tensor&, const dw::Tensor& y) {
    const dw::Tensor a = dw::select(y, -1, 0), b = dw::select(y, -1, 1), c = dw::select(y, -1, 2);
    const dw::Tensor r1 = dw::select(k, 0, 0) * a, r2 = dw::select(k, 0, 1) * b * b, r3 = dw::select(k, 0, 2) * b * c;
    return dw::stack({r3 - r1, r1 - r2 - r3, r2}, -1);
  };
  return dw::odeint(f, dw::tensor({1, 0, 0}, f64), times,
                    {.method = "bdf",
                     .rtol = 1e-7,
                     .atol = 1e-10,
                     .implicit = {.corrector = "newton"},
                     .gradient = dw::OdeGradient::adjoint});
}

}  // namespace

int main() {
  const std::vector<double> times{0, 0.4, 4, 40, 400};
  const dw::Tensor truth = dw::log(dw::tensor({0.04, 3e7, 1e4}, f64));
  const dw::Tensor seen = concentrations({truth}, times);
  const dw::Tensor size = dw::tensor({1, 1e-5, 1}, f64);  // B is scarce

  Rates rates{truth + dw::tensor({0.5, -0.7, 0.6}, f64)};
  dw::Lbfgs optimizer{.max_iterations = 30};
  const double mismatch = optimizer.step(
      rates, [&](const Rates& r) { return dw::mean(dw::square((concentrations(r, times) - seen) / size)); });

  std::cout << "mismatch " << mismatch << " after " << optimizer.evaluations
            << " solves\nrates found: " << dw::exp(rates.log_k) << "\nrates true:  " << dw::exp(truth) << '\n';
  return dw::max(dw::abs(rates.log_k - truth)).item() < 0.01 ? 0 : 1;
}
