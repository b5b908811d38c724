#include <algorithm>
#include <cmath>

#include "autodiff/context.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/tape.hpp"
#include "tests/catch.hpp"
#include "tests/ops/table.hpp"

namespace dimwise::gradients_tests {

using namespace dimwise::table;

namespace {

void check(const Entry& e, const Inputs& sample, const CheckOptions& options) {
  INFO(e.function << " at order " << options.order << ", first input of shape " << sample[0].shape());
  CHECK_NOTHROW(check_grads(e.f, sample, options));
}

}  // namespace

TEST_CASE(
    "first and second derivatives of every op agree with finite differences, forward and reverse, for every shape") {
  for (const Entry& e : entries())
    if (e.smooth)
      for (const Inputs& sample : e.samples) check(e, sample, {.order = 2, .tolerance = 1e-6});
}

TEST_CASE("third derivatives of every op agree with finite differences, for every shape") {
  for (const Entry& e : entries())
    if (e.smooth)
      for (const Inputs& sample : e.samples) check(e, sample, {.order = 3, .tolerance = 1e-5});
}

TEST_CASE("derivatives agree with a complex step of 1e-200, and values with the complex formula") {
  constexpr double step = 1e-200;
  for (const Entry& e : entries()) {
    if (!e.formula) continue;
    for (const Inputs& sample : e.samples) {
      Inputs leaves;
      for (const Tensor& x : sample) leaves.push_back(track(x));
      const Tensor y = e.f(leaves);
      const NoGrad guard;
      const std::vector<double> values = y.values();
      for (size_t varied = 0; varied < sample.size(); ++varied) {
        // The gradient of one element of y at a time, with respect to the element it is computed from.
        std::vector<std::vector<double>> in;
        for (const Tensor& x : sample) in.push_back(broadcast_to(x, y.shape()).values());
        Inputs wide;
        {
          const EnableGrad guard;
          for (const Tensor& x : sample) wide.push_back(track(stop_gradient(broadcast_to(x, y.shape()))));
        }
        std::vector<double> slope;
        {
          const EnableGrad guard;
          const Tensor z = e.f(wide);
          const NoGrad off;
          slope = Tape({z}, {wide[varied]}).pull({ones_like(z)})[0].values();
        }
        double worst = 0;
        for (size_t i = 0; i < values.size(); ++i) {
          std::vector<Complex> z;
          for (const auto& column : in) z.emplace_back(column[i]);
          z[varied] += Complex(0, step);
          const Complex expected = e.formula(z);
          const double derivative = expected.imag() / step;
          worst = std::max({worst, std::abs(slope[i] - derivative) / (1 + std::abs(derivative)),
                            std::abs(values[i] - expected.real()) / (1 + std::abs(expected.real()))});
        }
        INFO(e.function << ", input " << varied << " of shape " << sample[0].shape());
        CHECK(worst < 1e-13);
      }
    }
  }
}

}  // namespace dimwise::gradients_tests
