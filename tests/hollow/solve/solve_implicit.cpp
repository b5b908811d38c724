// The derivative of a root: against closed forms, finite differences of roots, and the other method.

#include "autodiff/base/error.hpp"
#include "autodiff/base/rng.hpp"
#include "autodiff/context.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/op.hpp"
#include "hollow/solve/implicit.hpp"
#include "hollow/solve/linear/jacobian.hpp"
#include "hollow/solve/linear/lu.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/solve/solve_problems.hpp"

namespace dimwise::solve_implicit_tests {

using namespace dimwise::test;
using Catch::Matchers::Contains;

namespace {

// y = tanh(y Wᵀ) + x, rows of a batch: contractive, so that its root is found by iteration.
struct Layer {
  Tensor w, x;
  Tensor operator()(const Tensor& y) const { return y - tanh(linear(y, w)) - x; }
  Tensor root() const {
    const NoGrad guard;
    Tensor y = x;
    for (int i = 0; i < 200; ++i) y = y - (*this)(y);
    return y;
  }
};

std::vector<Tensor> layer_inputs(int64_t n) {
  return {(0.4 / std::sqrt(n)) * Rng(1).normal({n, n}, DType::float64), Rng(2).normal({3, n}, DType::float64)};
}

}  // namespace

TEST_CASE("row_jacobian gives the Jacobian of each row") {
  const Tensor w = Rng(1).normal({4, 4}, DType::float64), y = track(Rng(2).normal({2, 3, 4}, DType::float64));
  const Tensor f = tanh(linear(y, w)), j = row_jacobian(Tape({f}, {y}));
  REQUIRE(j.shape() == Shape({2, 3, 4, 4}));
  CHECK(furthest(j, unsqueeze(1 - square(f), -1) * w) < 1e-14);
  CHECK_FALSE(j.tracked());
  CHECK_THROWS_AS(row_jacobian(Tape({sum(f)}, {y})), ShapeError);
}

TEST_CASE("implicit_root does not change the value of the root") {
  const Tensor a = track(tensor({2, 3}, DType::float64)), y = tensor({1.4, 1.7}, DType::float64);
  const Tensor root = implicit_root([&](const Tensor& y) { return y * y - a; }, y);
  CHECK(root.values() == y.values());
  CHECK(root.tracked());
}

TEST_CASE("The derivative of a square root, by both methods and both modes") {
  const Tensor a = track(tensor({2, 3, 5}, DType::float64));
  for (const ImplicitMethod method : {ImplicitMethod::dense, ImplicitMethod::krylov}) {
    const Tensor y =
        implicit_root([&](const Tensor& y) { return y * y - a; }, sqrt(stop_gradient(a)), {.method = method});
    const Tensor half = 0.5 / stop_gradient(y);
    CHECK(furthest(grad(sum(y), a), half) < 1e-12);
    CHECK(furthest(jvp(y, a, tensor({1, 2, 3}, DType::float64)), half * tensor({1, 2, 3}, DType::float64)) < 1e-12);
  }
}

TEST_CASE("A linear system's root has the derivative of a direct solve, with the transpose in the right place") {
  const int64_t n = 6;
  const Tensor a = track(Rng(1).normal({n, n}, DType::float64)), b = track(Rng(2).normal({n}, DType::float64));
  const Tensor w = Rng(3).normal({n}, DType::float64);
  const Lu lu(stop_gradient(a));
  for (const ImplicitMethod method : {ImplicitMethod::dense, ImplicitMethod::krylov}) {
    const Tensor y = implicit_root([&](const Tensor& y) { return linear(y, a) - b; }, lu.solve(stop_gradient(b)),
                                   {.method = method});
    const std::vector<Tensor> g = grad(sum(w * y), {a, b});
    const Tensor u = lu.solve_transposed(w);
    CHECK(furthest(g[1], u) < 1e-9);
    CHECK(furthest(g[0], -(unsqueeze(u, -1) * stop_gradient(y))) < 1e-9);
    CHECK(furthest(jvp(y, b, w), lu.solve(w)) < 1e-9);
  }
}

TEST_CASE("Gradients of a batch of roots for all captured tensors agree with finite differences of roots") {
  for (const int64_t n : {1, 5})
    for (const ImplicitMethod method : {ImplicitMethod::dense, ImplicitMethod::krylov})
      check_grads(
          [&](const std::vector<Tensor>& in) {
            const Layer layer{in[0], in[1]};
            const Layer untracked{stop_gradient(in[0]), stop_gradient(in[1])};
            return implicit_root(layer, untracked.root(), {.method = method});
          },
          layer_inputs(n));
}

TEST_CASE("Both methods give the same gradient in many dimensions, with and without the diagonal") {
  const int64_t n = 80;
  const std::vector<Tensor> in = layer_inputs(n);
  const Tensor w = track(in[0]), x = track(in[1]);
  const Layer layer{w, x};
  const Tensor y = layer.root(), slope = 1 - square(tanh(linear(y, in[0])));
  const Tensor diagonal = 1 - slope * dimwise::diagonal(in[0]);
  const auto gradient = [&](const ImplicitOptions& options) {
    return grad(sum(square(implicit_root(layer, y, options))), {w, x});
  };
  const std::vector<Tensor> exact = gradient({.method = ImplicitMethod::dense});
  for (const ImplicitOptions& options : {ImplicitOptions{}, ImplicitOptions{.diagonal = diagonal}})
    for (size_t i = 0; i < 2; ++i) CHECK(furthest(gradient(options)[i], exact[i]) < 1e-8);
}

TEST_CASE("Only tensors that the equation captures get a gradient, not the computation of the root") {
  const Tensor a = track(tensor({4}, DType::float64)), guess = track(tensor({2}, DType::float64));
  const Tensor y = implicit_root([&](const Tensor& y) { return y * y - a; }, guess);
  const std::vector<Tensor> g = grad(sum(y), {a, guess});
  CHECK(g[0].item() == Approx(0.25));
  CHECK(g[1].item() == 0);
}

TEST_CASE("Without tracked tensors, or without recording, a root is a constant") {
  const Tensor a = tensor({4}, DType::float64), y = track(tensor({2}, DType::float64));
  CHECK_FALSE(implicit_root([&](const Tensor& y) { return y * y - a; }, y).tracked());
  const Tensor tracked = track(a);
  const NoGrad guard;
  CHECK_FALSE(implicit_root([&](const Tensor& y) { return y * y - tracked; }, y).tracked());
}

TEST_CASE("A second derivative throws with a remedy, in every combination of modes") {
  const Tensor a = track(tensor({4}, DType::float64));
  const auto root = [](const Tensor& a) {
    return implicit_root([&](const Tensor& y) { return y * y - a; }, sqrt(stop_gradient(a)));
  };
  const Tensor y = root(a), one = ones({1}, DType::float64);
  CHECK_THROWS_AS(grad(sum(grad(sum(y), a)), a), ValueError);
  CHECK_THROWS_WITH(hvp(sum(y), a, one), Contains("recorded iterations"));
  CHECK_THROWS_AS(grad(sum(jvp(y, a, one)), a), ValueError);
  CHECK_THROWS_AS(Tape({y}, {a}).jet({{one, Tensor()}}), ValueError);
}

TEST_CASE("A root's record is freed") {
  const int64_t nodes = live_nodes();
  {
    const Tensor a = track(tensor({4}, DType::float64));
    const Tensor y = implicit_root([&](const Tensor& y) { return y * y - a; }, sqrt(stop_gradient(a)));
    grad(sum(y), a);
  }
  CHECK(live_nodes() == nodes);
}

TEST_CASE("A derivative that does not exist, or is not found, is an error") {
  const Tensor a = track(tensor({0, 1}, DType::float64));
  const Tensor flat = implicit_root([&](const Tensor& y) { return y * y - a; }, sqrt(stop_gradient(a)));
  CHECK_THROWS_WITH(grad(sum(flat), a), Contains("singular"));

  const Layer layer{track(layer_inputs(40)[0]), layer_inputs(40)[1]};
  const Tensor y = implicit_root(layer, layer.root(), {.method = ImplicitMethod::krylov, .max_iterations = 2});
  CHECK_THROWS_AS(grad(sum(square(y)), layer.w), SolverError);

  CHECK_THROWS_AS(implicit_root([&](const Tensor& y) { return sum(y * a); }, zeros({2}, DType::float64)), ShapeError);
  CHECK_THROWS_AS(implicit_root([&](const Tensor& y) { return y; }, zeros({}, DType::float64)), ShapeError);
}

}  // namespace dimwise::solve_implicit_tests
