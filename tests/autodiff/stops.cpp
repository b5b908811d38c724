// stop_gradient, holding and nested derivatives: which tensors are constant for which sweep.
#include "autodiff/tape.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::stops_tests {

TEST_CASE("sweeps of all orders stop at stop_gradient") {
  const Tensor x = track(f64(2));
  const Tensor y = pow(x, 3) * stop_gradient(pow(x, 4));  // as if 16 x³
  const Tensor d1 = grad(y, x), d2 = grad(d1, x), d3 = grad(d2, x), d4 = grad(d3, x);
  CHECK(d1.item() == 16 * 12);
  CHECK(d2.item() == 16 * 12);
  CHECK(d3.item() == 16 * 6);
  CHECK(d4.item() == 0);
  CHECK(Tape({y}, {x}).push({f64(1)})[0].item() == 16 * 12);
  const Series jet = Tape({y}, {x}).jet({{f64(1), Tensor(), Tensor()}})[0];
  CHECK(jet.at(1).item() == 16 * 12);
  CHECK(2 * jet.at(2).item() == Approx(16 * 12));
  CHECK(6 * jet.at(3).item() == Approx(16 * 6));
  CHECK(all_zero(grad(stop_gradient(y), x)));
  CHECK(stop_gradient(track(x)).node()->op == nullptr);
}

TEST_CASE("a held tensor is constant only for its sweep: a later sweep differentiates through it") {
  const Tensor x = track(f64(2));
  const Tensor h = pow(x, 4), y = pow(x, 3) * h;
  const Tensor held = grad(y, x, {.holding = {h}});  // 3x² h
  CHECK(held.item() == 3 * 4 * 16);
  CHECK(grad(held, x).item() == Approx(18 * std::pow(2, 5)));  // of 3x⁶
  CHECK(grad(held, x, {.holding = {h}}).item() == 6 * 2 * 16);
  CHECK(grad(grad(held, x, {.holding = {h}}), x, {.holding = {h}}).item() == 6 * 16);
  CHECK(grad(grad(grad(held, x), x), x).item() == Approx(3 * 6 * 5 * 4 * std::pow(2, 3)));
}

TEST_CASE("push and jet treat held tensors as pull does, to third order") {
  const Tensor x = track(f64(2));
  const Tensor h = pow(x, 4), y = pow(x, 3) * h;
  const Tape tape({y}, {x}, {.holding = {h}});
  const Tensor pushed = tape.push({f64(1)})[0];
  CHECK(pushed.item() == 3 * 4 * 16);
  CHECK(grad(pushed, x).item() == Approx(18 * std::pow(2, 5)));
  const Series jet = tape.jet({{f64(1), Tensor(), Tensor()}})[0];
  CHECK(jet.at(1).item() == 3 * 4 * 16);
  CHECK(2 * jet.at(2).item() == Approx(6 * 2 * 16));
  CHECK(6 * jet.at(3).item() == Approx(6 * 16));
  CHECK(grad(2 * jet.at(2), x).item() == Approx(6 * 5 * std::pow(2, 4)));  // of 6x⁵, through h again
}

TEST_CASE("stop_gradient inside a held tensor and holding inside nested functions are independent") {
  const auto outer = [](const Tensor& x) {
    const auto inner = [&](const Tensor& y) { return y * x * stop_gradient(x); };
    return grad(inner)(x * x);  // x · stop(x)
  };
  CHECK(grad(outer)(f64(3)).item() == 3);
  CHECK(grad(grad(outer))(f64(3)).item() == 0);
}

TEST_CASE("perturbations are not confused: d/dx (x · d/dy (x + y)) = 1, by every pair of modes") {
  const auto one = f64(1);
  const auto by_pull = [](const Function& f) {
    return [f](const Tensor& x) { return vjp(f, x, ones_like(x)).second; };
  };
  const auto by_push = [](const Function& f) {
    return [f](const Tensor& x) { return jvp(f, x, ones_like(x)).second; };
  };
  const std::vector<std::function<Function(const Function&)>> modes{by_pull, by_push};
  for (const auto& outer : modes)
    for (const auto& inner : modes) {
      const auto f = [&](const Tensor& x) { return x * inner([&](const Tensor& y) { return x + y; })(f64(2)); };
      CHECK(outer(f)(f64(5)).item() == 1);
      // The same value for both: d/dx (x · d/dy (x y) at y = x) = 2x.
      const auto g = [&](const Tensor& x) { return x * inner([&](const Tensor& y) { return x * y; })(x); };
      CHECK(outer(g)(f64(5)).item() == 10);
      // Three levels: d/dx x·(d/dy y·(d/dz z·x·y)) at y = z = x is d/dx (2x³).
      const auto h = [&](const Tensor& x) {
        return x * inner([&](const Tensor& y) { return y * outer([&](const Tensor& z) { return z * x * y; })(x); })(x);
      };
      CHECK(outer(h)(f64(2)).item() == Approx(24));
    }
}

TEST_CASE("a captured parameter keeps its gradient: inside a gradient, in its value, in forward mode") {
  const Tensor p = track(f64(3)), x = f64(2);
  const auto f = [&](const Tensor& z) { return p * z * z; };
  CHECK(grad(grad(f)(x), p).item() == 4);  // d/dp 2pz
  CHECK(grad(value_and_grad(f, x).first, p).item() == 4);
  CHECK(grad(jvp(f, x, f64(1)).second, p).item() == 4);
  CHECK(grad(hvp(f, x, f64(1)), p).item() == 2);
  CHECK(grad(sum(jacobian(f, x)), p).item() == 4);
  // The value depends only on the parameter.
  const auto constant = [&](const Tensor&) { return p * p; };
  CHECK(grad(value_and_grad(constant, x).first, p).item() == 6);
  CHECK(grad(vjp(constant, x, f64(1)).first, p).item() == 6);
}

TEST_CASE("a tracked cotangent or tangent keeps its gradient") {
  const auto f = [](const Tensor& z) { return z * z; };
  const Tensor v = track(f64(1));
  CHECK(grad(vjp(f, f64(3), v).second, v).item() == 6);
  CHECK(grad(jvp(f, f64(3), v).second, v).item() == 6);
}

TEST_CASE("sweeps continue through an input that depends on another input") {
  const Tensor a = track(f64(3)), b = 2.0 * a, y = a * b;
  const auto g = grad(y, {a, b});
  CHECK(g[0].item() == 12);
  CHECK(g[1].item() == 3);
  const Tape tape({y}, {a, b});
  CHECK(tape.push({f64(1), Tensor()})[0].item() == 12);
  CHECK(tape.push({Tensor(), f64(1)})[0].item() == 3);
  CHECK(tape.push({f64(1), f64(1)})[0].item() == 15);
}

}  // namespace dimwise::stops_tests
