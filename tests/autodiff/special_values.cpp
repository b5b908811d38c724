// Derivatives of order 1 and 2 stay finite at the boundary of the domain.
#include <limits>

#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::special_values_tests {

using Values = std::vector<double>;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

struct Result {
  Tensor first, second;  // ∂Σf/∂x and its derivative along ones
};
// With unrecorded kernels for the last sweep and recorded ones for the earlier sweeps.
Result derivatives(const Function& f, const Tensor& at) {
  const Tensor x = track(at), y = sum(f(x)), g = grad(y, x);
  const Tensor fused = grad(y, x, {.record = false}), second = grad(sum(g), x, {.record = false});
  CHECK(distance(g, fused) < 1e-15);
  CHECK(all_finite(g));
  CHECK(all_finite(second));
  CHECK(all_finite(grad(sum(g), x)));
  CHECK(all_finite(hvp([&](const Tensor& z) { return sum(f(z)); }, at, ones_like(at))));
  return {g, second};
}

}  // namespace

TEST_CASE("the square root and the norm have zero gradients at zero") {
  const Result root = derivatives([](const Tensor& x) { return sqrt(x); }, f64({0, 4}));
  CHECK(root.first.values() == Values{0, 0.25});
  CHECK(root.second.values()[0] == 0);
  CHECK(all_zero(derivatives([](const Tensor& x) { return norm(x, {0}); }, f64({0, 0, 0})).first));
  CHECK(
      distance(
          derivatives([](const Tensor& x) { return norm(x, {1}); }, tensor({0, 0, 3, 4}, {2, 2}, DType::float64)).first,
          tensor({0, 0, 0.6, 0.8}, {2, 2}, DType::float64)) < 1e-15);
}

TEST_CASE("logsumexp has a finite gradient if some or all elements are −∞") {
  const auto f = [](const Tensor& x) { return logsumexp(x, {0}); };
  CHECK(all_zero(derivatives(f, f64({-inf, -inf})).first));
  CHECK(derivatives(f, f64({-inf, 2})).first.values() == Values{0, 1});
  CHECK(derivatives(f, f64({1e4, -1e4})).first.values() == Values{1, 0});
}

TEST_CASE("softmax and its logarithm have finite gradients for all numbers") {
  derivatives([](const Tensor& x) { return square(softmax(x)); }, f64({1e4, -1e4, 0}));
  derivatives([](const Tensor& x) { return log_softmax(x); }, f64({1e4, -1e4, 0}));
}

TEST_CASE("saturating functions have saturating derivatives") {
  const Tensor far = f64({1e4, -1e4});
  CHECK(softplus(far).values() == Values{1e4, 0});
  CHECK(derivatives([](const Tensor& x) { return softplus(x); }, far).first.values() == Values{1, 0});
  CHECK(all_zero(derivatives([](const Tensor& x) { return sigmoid(x); }, far).first));
  CHECK(all_zero(derivatives([](const Tensor& x) { return tanh(x); }, far).first));
  CHECK(derivatives([](const Tensor& x) { return silu(x); }, far).first.values() == Values{1, 0});
  CHECK(derivatives([](const Tensor& x) { return elu(x); }, far).first.values() == Values{1, 0});
  CHECK(derivatives([](const Tensor& x) { return gelu(x); }, far).first.values() == Values{1, 0});
  CHECK(all_zero(derivatives([](const Tensor& x) { return erf(x); }, far).first));
}

TEST_CASE("a NaN in the branch that where does not choose has no effect") {
  const Tensor nan = f64({NAN, NAN}), condition = f64({1, 0});
  CHECK(where(condition, f64({1, 2}), nan).values()[0] == 1);
  CHECK(
      derivatives([&](const Tensor& x) { return where(condition, square(x), where(condition, nan, 0.0)); }, f64({3, 4}))
          .first.values() == Values{6, 0});
  const Tensor bad = track(f64({1, NAN}));
  CHECK(grad(sum(where(condition, bad, 7.0)), bad).values() == Values{1, 0});
  CHECK(all_zero(grad(sum(where(condition, 7.0, where(condition, bad, 7.0))), bad)));
}

TEST_CASE("powers are twice differentiable at a zero base") {
  CHECK(derivatives([](const Tensor& x) { return pow(x, 2.0); }, f64({0, 3})).second.values() == Values{2, 2});
  CHECK(all_zero(derivatives([](const Tensor& x) { return pow(x, 0.0); }, f64({0, 3})).first));
  derivatives([](const Tensor& x) { return pow(f64({0, 2}), x); }, f64({2, 3}));
}

}  // namespace dimwise::special_values_tests
