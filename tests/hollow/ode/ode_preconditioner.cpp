// The term's preconditioner of newton_krylov.
#include <memory>

#include "autodiff/context.hpp"
#include "hollow/solve/linear/lu.hpp"
#include "ops/matmul.hpp"
#include "tests/hollow/ode/lattices.hpp"

namespace dimwise::ode_preconditioner_tests {

using namespace dimwise::lattices;

TEST_CASE("The term's preconditioner makes newton_krylov converge in few products") {
  const NoGrad guard;
  const int64_t n = 60;
  OdeTerm term(diffusion(10 * strength));
  OdeOptions options = newton("bdf");
  options.implicit.corrector = "newton_krylov";
  for (const std::string& method : implicit_methods) {
    options.method = method;
    term.preconditioner = nullptr;
    const auto without = value_or_throw(odeint(term, {start_of({2, n})}, {0, 0.2}, options));
    int64_t setups = 0;
    // The linear part of f, factored.
    term.preconditioner = [&](const Tensor&, const State& y, double gamma) {
      ++setups;
      CHECK_FALSE(y[0].tracked());
      const Tensor u = eye(n, DType::float64);
      const Tensor linear_part = 3000 * (neighbors(u, 1, 1, false) - 2 * (u + neighbors(u, 1, 1, false) / 3));
      const auto lu = std::make_shared<const Lu>(transpose(eye(n, DType::float64) - gamma * linear_part));
      return [lu](const State& v) { return State{lu->solve(v[0])}; };
    };
    const auto with = value_or_throw(odeint(term, {start_of({2, n})}, {0, 0.2}, options));
    INFO(method << ": " << with.statistics.products << " and " << without.statistics.products << " products, " << setups
                << " setups");
    CHECK(off(with.y.back()[0].values(), without.y.back()[0].values()) < 1e-3);
    CHECK(2 * with.statistics.products < without.statistics.products);
    CHECK(setups > 0);
    CHECK(2 * setups < with.statistics.iterations);
  }
}

TEST_CASE("A preconditioner does not change gradients") {
  const int64_t n = 20;
  for (const char* method : {"bdf", "kencarp4", "radau5"})
    for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::checkpointed, OdeGradient::adjoint}) {
      OdeOptions options = newton(method, 1e-6);
      options.gradient = gradient;
      options.implicit = {.corrector = "newton_krylov", .tolerance = 1e-8};
      const auto plain = [](const Tensor& k) { return OdeTerm(diffusion(k)); };
      const auto preconditioned = [&](const Tensor& k) {
        OdeTerm term = plain(k);
        term.preconditioner = [k](const Tensor&, const State&, double gamma) {
          return [k, gamma](const State& v) { return State{v[0] / (1 + 2 * gamma * k)}; };
        };
        return term;
      };
      const Outcome with = outcome(preconditioned, start_of({n}), options),
                    without = outcome(plain, start_of({n}), options);
      INFO(method << ' ' << static_cast<int>(gradient));
      CHECK(off(with.start, without.start) < 1e-4);
      CHECK(off(with.parameter, without.parameter) < 1e-4);
    }
}

}  // namespace dimwise::ode_preconditioner_tests
