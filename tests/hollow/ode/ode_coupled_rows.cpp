// Rows of a state that depend on each other: nodes of a graph, entries of a matrix equation.

#include "autodiff/base/error.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_coupled_rows_tests {

using Catch::Matchers::Contains;

namespace {

constexpr int64_t nodes = 6;

// Heat on a ring of nodes with two fields each: y' = k L y, and the field of the second column decays as well.
VectorField ring(const Tensor& k) {
  std::vector<double> l(nodes * nodes, 0);
  for (int64_t i = 0; i < nodes; ++i) {
    l[i * nodes + i] = -2;
    l[i * nodes + (i + 1) % nodes] = l[i * nodes + (i + nodes - 1) % nodes] = 1;
  }
  const Tensor laplacian = tensor(l, {nodes, nodes}, DType::float64), decay = tensor({0, -0.3}, DType::float64);
  return [=](const Tensor&, const State& y) -> State { return {k * matmul(laplacian, y[0]) + decay * y[0]}; };
}

Tensor start() {
  std::vector<double> y(nodes * 2);
  for (size_t i = 0; i < y.size(); ++i) y[i] = std::cos(1.3 * static_cast<double>(i * i));
  return tensor(y, {nodes, 2}, DType::float64);
}

double gradient(const OdeOptions& options, OdeStatistics* statistics = nullptr) {
  const Tensor k = track(scalar(1.2, DType::float64));
  const auto s = value_or_throw(odeint(ring(k), {start()}, {0, 0.3}, options));
  if (statistics) *statistics = s.statistics;
  return grad(sum(s.y.back()[0] * start()), k).item();
}

const std::vector<std::string> implicit_methods{"bdf",      "adams",    "kvaerno3", "kencarp3",
                                                "kencarp4", "kencarp5", "radau5"};

}  // namespace

TEST_CASE("The gradient of an implicit solve is right if rows are coupled") {
  const double expected = gradient({.rtol = 1e-10, .atol = 1e-10});
  for (const std::string& method : problems::implicit_methods)
    for (const char* corrector : {"automatic", "newton", "newton_krylov", "jacobi_newton"})
      for (const OdeGradient how : problems::all_gradients) {
        if (how == OdeGradient::backsolve && std::string(corrector) == "newton_krylov") continue;
        INFO(method << ' ' << corrector << ' ' << static_cast<int>(how));
        CHECK(gradient({.method = method,
                        .rtol = 1e-8,
                        .atol = 1e-8,
                        .implicit = {.corrector = corrector},
                        .gradient = how}) == Approx(expected).epsilon(1e-5));
      }
}

TEST_CASE("A backward solve finds coupled rows by itself") {
  OdeOptions options{.rtol = 1e-8, .atol = 1e-8, .gradient = OdeGradient::adjoint};
  const double expected = gradient(options);
  options.adjoint.method = "bdf";
  options.adjoint.corrector = "newton";
  CHECK(gradient(options) == Approx(expected).epsilon(1e-6));
}

TEST_CASE("Independent rows keep their own Jacobians, coupled ones have one, as the counts show") {
  const OdeOptions options{.method = "bdf", .implicit = {.corrector = "newton"}};
  OdeStatistics automatic, full;
  gradient(options, &automatic);
  OdeOptions asked = options;
  asked.implicit.coupling = RowCoupling::full;
  gradient(asked, &full);
  CHECK(automatic.jacobians == full.jacobians + 1);
  CHECK(automatic.accepted == full.accepted);

  // A user's own Jacobian has the size that the coupling says.
  const VectorField decay = [](const Tensor&, const State& y) -> State { return {-square(y[0])}; };
  for (const RowCoupling coupling : {RowCoupling::automatic, RowCoupling::full}) {
    const OdeTerm term{decay, nullptr, [&](const Tensor&, const State&) {
                         return zeros(coupling == RowCoupling::full ? Shape{12, 12} : Shape{6, 2, 2}, DType::float64);
                       }};
    const auto s = odeint(term, {start() + 2}, {0, 0.01},
                          {.method = "bdf", .implicit = {.corrector = "newton", .coupling = coupling}});
    CHECK(s.status == OdeStatus::success);
  }
}

TEST_CASE("The budget of evaluations includes those before coupled rows are found") {
  for (const int64_t most : {1, 2, 3, 10}) {
    const auto s = odeint(ring(scalar(1, DType::float64)), {start()}, {0, 0.3},
                          {.method = "bdf", .max_evaluations = most, .implicit = {.corrector = "newton"}});
    CHECK(s.status == OdeStatus::max_evaluations_reached);
    CHECK(s.statistics.evaluations == most);
  }
}

TEST_CASE("With full coupling, tensors of different leading axes are one system") {
  const VectorField f = [](const Tensor&, const State& y) -> State {
    return {-50 * y[0] + sum(y[1]), sum(y[0]) - y[1] * y[1]};
  };
  const State y0{ones({2, 3}, DType::float64), full({4}, 0.5, DType::float64)};
  const auto reference = value_or_throw(odeint(f, y0, {0, 0.5}, {.rtol = 1e-10, .atol = 1e-10}));
  OdeOptions options{.method = "bdf", .rtol = 1e-8, .atol = 1e-8};
  CHECK_THROWS_WITH(odeint(f, y0, {0, 0.5}, options), Contains("RowCoupling::full"));
  for (const std::string& method : problems::implicit_methods) {
    options.method = method;
    options.implicit.coupling = RowCoupling::full;
    const auto s = value_or_throw(odeint(f, y0, {0, 0.5}, options));
    for (size_t i = 0; i < 2; ++i)
      CHECK(problems::relative_error(s.y.back()[i], reference.y.back()[i].values()) < 1e-5);
  }
}

TEST_CASE("The derivative of a root with coupled rows is refused or right, never wrong") {
  const auto root = [](const Tensor& a, const ImplicitOptions& how) {
    // y_ij = a + 0.2 tanh of the other row.
    const auto residual = [&](const Tensor& y) {
      return y - a - 0.2 * tanh(matmul(tensor({0, 1, 1, 0}, {2, 2}, DType::float64), y));
    };
    Tensor y = zeros({2, 3}, DType::float64);
    {
      const NoGrad guard;
      for (int i = 0; i < 100; ++i) y = y - residual(y);
    }
    return implicit_root(residual, y, how);
  };
  const Tensor a = track(scalar(0.4, DType::float64));
  CHECK_THROWS_WITH(grad(sum(root(a, {.method = ImplicitMethod::dense})), a), Contains("RowCoupling::full"));
  for (const ImplicitOptions& how :
       {ImplicitOptions{.method = ImplicitMethod::dense, .coupling = RowCoupling::full},
        ImplicitOptions{.method = ImplicitMethod::krylov}, ImplicitOptions{.coupling = RowCoupling::full}})
    CHECK_NOTHROW(check_grads([&](const std::vector<Tensor>& in) { return sum(square(root(in[0], how))); },
                              {scalar(0.4, DType::float64)}, {.order = 1, .tolerance = 1e-6}));
}

}  // namespace dimwise::ode_coupled_rows_tests
