// Gradients of roots: implicit, through the iterations, and by finite differences.

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/node.hpp"
#include "tests/hollow/solve/solve_problems.hpp"

namespace dimwise::solve_root_gradients_tests {

using namespace dimwise::test;

namespace {

RootOptions with(const std::string& method, RootGradient gradient) {
  return {.method = method, .rtol = 1e-13, .atol = 1e-13, .max_iterations = 200, .gradient = gradient};
}

}  // namespace

TEST_CASE("Gradients of a root by every method and both gradient kinds agree with finite differences of roots") {
  const std::vector<Tensor> in{unit_matrix(4), Rng(2).normal({3, 4}, DType::float64)};
  for (const std::string& method : root_methods())
    for (const RootGradient gradient : {RootGradient::implicit, RootGradient::iterations}) {
      INFO(method);
      check_grads(
          [&](const std::vector<Tensor>& v) {
            return value_or_throw(
                       find_root(contractive(v[0], v[1]), zeros({3, 4}, DType::float64), with(method, gradient)))
                .y;
          },
          in, {.tolerance = gradient == RootGradient::implicit ? 1e-7 : 1e-5});
    }
}

TEST_CASE("Through the iterations a root is twice differentiable") {
  const std::vector<Tensor> in{unit_matrix(2), Rng(2).normal({2, 2}, DType::float64)};
  for (const char* method : {"picard", "jacobi_newton", "newton"})
    check_grads(
        [&](const std::vector<Tensor>& v) {
          RootOptions options = with(method, RootGradient::iterations);
          return value_or_throw(find_root(contractive(v[0], v[1]), zeros({2, 2}, DType::float64), options)).y;
        },
        in, {.order = 2, .tolerance = 1e-4, .forward = false});
}

TEST_CASE("The gradient of a HollowNet's fixed point reaches every parameter, equally for both gradient kinds") {
  const Tensor x = track(Rng(3).normal({5, 6}, DType::float64));
  AnyHollowNet net = small_net(6);
  const auto gradient = [&](const std::string& method, RootGradient way) {
    return value_and_grad(
               [&](const AnyHollowNet& net) {
                 return sum(
                     square(value_or_throw(find_root(hollow_root_problem(net.at(), 0.3, x), x, with(method, way))).y));
               },
               net)
        .second;
  };
  const auto exact = named_parameters(gradient("newton", RootGradient::implicit));
  for (const auto& [method, way] :
       {std::pair{"jacobi_newton", RootGradient::implicit}, std::pair{"jacobi_newton", RootGradient::iterations},
        std::pair{"anderson", RootGradient::iterations}}) {
    const auto other = named_parameters(gradient(method, way));
    REQUIRE(other.size() == exact.size());
    for (size_t i = 0; i < exact.size(); ++i) {
      INFO(exact[i].first);
      CHECK(furthest(other[i].second, exact[i].second) < 1e-9);
    }
  }
  for (const auto& [name, g] : exact) {
    INFO(name);
    CHECK(max(abs(g)).item() > 1e-6);
  }
}

TEST_CASE("The implicit gradient costs one evaluation if a tensor is captured, otherwise none") {
  const Tensor w = unit_matrix(4), x = Rng(2).normal({3, 4}, DType::float64);
  for (const std::string& method : root_methods()) {
    Counts plain, tracked, off;
    const RootSolution constant = find_root(counted(contractive(w, x), plain), x, {.method = method});
    const RootSolution recorded = find_root(counted(contractive(track(w), x), tracked), x, {.method = method});
    CHECK_FALSE(constant.y.tracked());
    CHECK(recorded.y.tracked());
    CHECK(recorded.y.values() == constant.y.values());
    CHECK(tracked.residuals == plain.residuals + 1);
    const NoGrad guard;
    CHECK_FALSE(find_root(counted(contractive(track(w), x), off), x, {.method = method}).y.tracked());
    CHECK(off.residuals == plain.residuals);
  }
}

TEST_CASE("Without tracked tensors a root is a constant, for both gradient kinds and every method") {
  const Tensor x = Rng(2).normal({3, 4}, DType::float64);
  for (const std::string& method : root_methods())
    for (const RootGradient gradient : {RootGradient::implicit, RootGradient::iterations})
      CHECK_FALSE(find_root(contractive(unit_matrix(4), x), x, with(method, gradient)).y.tracked());
}

TEST_CASE("In many dimensions the implicit gradient uses the diagonal of the equation") {
  const Tensor x = 10 * Rng(2).normal({2, 64}, DType::float64), y0 = zeros({2, 64}, DType::float64);
  // Eleven products suffice with it, but not nearly without it.
  const ImplicitOptions few{.method = ImplicitMethod::krylov, .max_iterations = 11};
  for (const bool known : {true, false}) {
    const Tensor tracked = track(x);
    RootProblem equation = dominant(64, tracked);
    if (!known) equation.diagonal = {};
    RootOptions options{.method = "newton_krylov", .rtol = 1e-10, .atol = 1e-10, .implicit = few};
    const Tensor y = value_or_throw(find_root(equation, y0, options)).y;
    if (!known) {
      CHECK_THROWS_AS(grad(sum(y), tracked), SolverError);
      continue;
    }
    options.implicit = {.method = ImplicitMethod::dense};
    CHECK(furthest(grad(sum(y), tracked), grad(sum(value_or_throw(find_root(equation, y0, options)).y), tracked)) <
          1e-9);
  }
}

TEST_CASE("The first guess gets a gradient only through the iterations") {
  const Tensor y0 = track(Rng(3).normal({4}, DType::float64)), x = track(Rng(2).normal({4}, DType::float64));
  const RootProblem equation = contractive(unit_matrix(4), x);
  RootOptions options{.method = "picard", .rtol = 1e-2, .atol = 1e-2, .gradient = RootGradient::iterations};
  CHECK(max(abs(grad(sum(find_root(equation, y0, options).y), y0))).item() > 1e-6);
  options.gradient = RootGradient::implicit;
  const Tensor y = find_root(equation, y0, options).y;
  const std::vector<Tensor> g = grad(sum(y), {y0, x});
  CHECK(max(abs(g[0])).item() == 0);
  CHECK(max(abs(g[1])).item() > 0.1);
}

TEST_CASE("The result of a failed solve is a constant") {
  const RootProblem equation{[x = track(ones({2}, DType::float64))](const Tensor& y) { return y * y + x; }};
  for (const RootGradient gradient : {RootGradient::implicit, RootGradient::iterations}) {
    const RootSolution s = find_root(equation, ones({2}, DType::float64), {.method = "newton", .gradient = gradient});
    CHECK(s.status != RootStatus::converged);
    CHECK_FALSE(s.y.tracked());
  }
}

TEST_CASE("No node leaks after find_root") {
  const int64_t nodes = live_nodes();
  for (const std::string& method : root_methods())
    for (const RootGradient gradient : {RootGradient::implicit, RootGradient::iterations}) {
      const Tensor w = track(unit_matrix(3)), x = Rng(2).normal({2, 3}, DType::float64);
      grad(sum(find_root(contractive(w, x), x, with(method, gradient)).y), w);
    }
  CHECK(live_nodes() == nodes);
}

}  // namespace dimwise::solve_root_gradients_tests
