#include "autodiff/transforms.hpp"

#include "autodiff/context.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::transforms_tests {

using Values = std::vector<double>;

namespace {
// R³ → R², and a scalar function of R³.
Tensor curve(const Tensor& x) { return stack({sum(sin(x) * x), sum(exp(0.5 * x)) * select(x, 0, 1)}, 0); }
Tensor bowl(const Tensor& x) { return sum(pow(x, 4)) + sum(x) * sum(sin(x)); }
Tensor dot(const Tensor& a, const Tensor& b) { return sum(a * b); }
}  // namespace

TEST_CASE("jacobian, vjp and jvp of a function agree with each other and with the tape forms") {
  const Tensor x = normal({3}), v = normal({3}, 2), w = normal({2}, 3), j = jacobian(curve, x);
  REQUIRE(j.shape() == Shape{2, 3});
  CHECK(distance(vjp(curve, x, w).second, sum(j * unsqueeze(w, 1), {0})) < 1e-13);
  CHECK(distance(jvp(curve, x, v).second, sum(j * v, {1})) < 1e-13);
  CHECK(distance(vjp(curve, x, w).first, curve(x)) == 0);
  CHECK(distance(jvp(curve, x, v).first, curve(x)) == 0);
  const Tensor t = track(x), y = curve(t);
  CHECK(distance(vjp(y, t, w), vjp(curve, x, w).second) == 0);
  CHECK(distance(jvp(y, t, v), jvp(curve, x, v).second) == 0);
  CHECK(distance(jacobian(y, t), j) == 0);
}

TEST_CASE("hessian, hvp and the gradient of a gradient agree, and the hessian is symmetric") {
  const Tensor x = normal({3}), v = normal({3}, 2), h = hessian(bowl, x);
  REQUIRE(h.shape() == Shape{3, 3});
  CHECK(distance(h, transpose(h)) < 1e-13);
  CHECK(distance(hvp(bowl, x, v), sum(h * v, {1})) < 1e-13);
  const Tensor t = track(x), g = grad(bowl(t), t);
  CHECK(distance(grad(dot(g, v), t), sum(h * v, {1})) < 1e-13);
  CHECK(distance(grad(bowl)(x), g) == 0);
  CHECK(distance(hessian(bowl(t), t), h) == 0);
  CHECK(distance(hvp(bowl(t), t, v), sum(h * v, {1})) < 1e-13);
}

TEST_CASE("tape forms of the second derivative keep held tensors constant, and are recorded by default") {
  const Tensor t = track(normal({3})), held = sin(t), y = sum(t * t * t * held);
  const Tensor h = hessian(y, t, {.holding = {held}});
  CHECK(distance(diagonal(h), 6.0 * t * held) < 1e-13);
  CHECK(distance(hvp(y, t, ones_like(t), {.holding = {held}}), 6.0 * t * held) < 1e-13);
  CHECK(h.tracked());
  CHECK_FALSE(hessian(y, t, {.record = false}).tracked());
  const NoGrad guard;
  CHECK(distance(hessian(y, t, {.holding = {held}}), h) == 0);
}

TEST_CASE("a jacobian has the shape of f followed by that of x, for any ranks and either dtype") {
  CHECK(jacobian([](const Tensor& x) { return sum(x, {0}); }, ones({2, 3})).shape() == Shape{3, 2, 3});
  CHECK(jacobian([](const Tensor& x) { return sum(x); }, ones({2})).shape() == Shape{2});
  CHECK(jacobian([](const Tensor& x) { return slice(x, 0, 0, 0); }, ones({2})).shape() == Shape{0, 2});
  CHECK(jacobian([](const Tensor& x) { return astype(x, DType::float64) * 2.0; }, ones({2})).values() ==
        Values{2, 0, 0, 2});
}

TEST_CASE("a functional form is recorded if and only if it depends on a tracked tensor") {
  const Tensor x = f64({1, 2}), p = track(f64(3));
  const auto plain = [](const Tensor& z) { return sum(z * z); };
  const auto captures = [&](const Tensor& z) { return sum(p * z * z); };
  const auto [y, g] = value_and_grad(plain, x);
  CHECK_FALSE(y.tracked());
  CHECK_FALSE(g.tracked());
  CHECK_FALSE(hessian(plain, x).tracked());
  CHECK(value_and_grad(captures, x).first.tracked());
  CHECK(grad(captures)(x).tracked());
  CHECK(grad(plain)(track(x)).tracked());
  CHECK(vjp(plain, x, track(f64(1))).second.tracked());
  CHECK(jvp(plain, x, track(f64({1, 1}))).second.tracked());
  CHECK_FALSE(grad([&](const Tensor& z) { return sum(stop_gradient(p) * z); })(x).tracked());
}

TEST_CASE("if the caller does not record, functional forms still give derivatives, and record nothing") {
  const Tensor x = track(f64({1, 2}));
  const auto f = [&](const Tensor& z) { return sum(x * z * z); };
  const NoGrad guard;
  CHECK(grad(f)(x).values() == Values{2, 8});
  CHECK_FALSE(grad(f)(x).tracked());
  CHECK(hessian(f, x).values() == Values{2, 0, 0, 4});
  CHECK(jvp(f, x, f64({1, 0})).second.item() == 2);
  CHECK_FALSE(value_and_grad(f, x).first.tracked());
}

TEST_CASE("a tape form records its sweep by default") {
  const Tensor x = track(f64({1, 2})), y = sum(pow(x, 3));
  CHECK(grad(y, x).tracked());
  CHECK_FALSE(grad(y, x, {.record = false}).tracked());
  CHECK_FALSE(vjp(y, x, f64(1), {.record = false}).tracked());
  CHECK_FALSE(jvp(y, x, f64({1, 1}), {.record = false}).tracked());
  const auto both = grad(y, {x, x});
  CHECK(distance(both[0], both[1]) == 0);
}

TEST_CASE("a gradient is zero if y does not depend on x") {
  const Tensor x = track(f64({1, 2})), z = track(f64(1));
  CHECK(all_zero(grad(z * z, x)));
  CHECK(all_zero(grad(f64(3), x)));
  CHECK(all_zero(jvp(z * z, x, f64({1, 1}))));
  CHECK(all_zero(grad([](const Tensor&) { return f64(1); })(x)));
}

TEST_CASE("transforms reject invalid arguments with these messages") {
  const Tensor x = track(f64({1, 2})), y = sum(x * x);
  CHECK(error_of([&] { grad(x * x, x); }) ==
        "[grad] the result has shape (2,), expected one element. Sum it, or use vjp or jacobian.");
  CHECK(error_of([&] { value_and_grad([](const Tensor& z) { return z; }, x); }) ==
        "[value_and_grad] the result has shape (2,), expected one element. Sum it, or use vjp or jacobian.");
  CHECK(error_of([&] {
          grad(y, f64({1, 2}));
        }) ==
        "[tape] an input is not tracked, so nothing was recorded. Track it with track(x) before computing with it.");
  CHECK(error_of([&] {
          vjp(y, x, f64({1, 2}));
        }) ==
        "[pull] a direction has shape (2,), but the tensor has (). The direction must have that shape or broadcast to "
        "it.");
  CHECK(error_of([&] {
          jvp(y, x, f64({1, 2, 3}));
        }) ==
        "[jet] a direction has shape (3,), but the tensor has (2,). The direction must have that shape or broadcast to "
        "it.");
  CHECK(error_of([&] { vjp(y, x, scalar(1)); }) ==
        "[pull] a direction is float32, but the tensor is float64. Cast it with astype.");
}

}  // namespace dimwise::transforms_tests
