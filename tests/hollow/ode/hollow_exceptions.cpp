// A function that throws at any of its calls leaves the thread's context and the live nodes as they were, whatever
// solves with it.
#include <functional>
#include <set>

#include "autodiff/context.hpp"
#include "autodiff/node.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/solve/root.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::hollow_exceptions_tests {

namespace {

struct Planted {};

// Counts the calls of a function, and throws at one of them.
struct Calls {
  int64_t count = 0, last = 0;  // 0: never
  void operator()() {
    if (++count == last) throw Planted();
  }
};

// Runs it once to count the calls, then again with an exception at the first, the last and some between.
void check_every_exception(const std::function<void(Calls&)>& run) {
  const ThreadContext before = thread_context();
  Calls whole;
  run(whole);
  REQUIRE(whole.count > 2);
  const int64_t n = whole.count, nodes = live_nodes();
  for (const int64_t last : std::set<int64_t>{1, 2, 3, n / 4, n / 2, 3 * n / 4, n - 1, n}) {
    INFO("call " << last << " of " << n);
    Calls calls{0, last};
    bool threw = last == 0;
    try {
      run(calls);
    } catch (const Planted&) {
      threw = true;
    }
    CHECK(threw);
    ThreadContext now = thread_context();
    now.ops_evaluated = before.ops_evaluated;
    CHECK(now == before);
    CHECK(live_nodes() == nodes);
  }
}

}  // namespace

TEST_CASE("an exception of f leaves nothing behind, by every method and gradient") {
  const Tensor w = track(tensor({0.3, -0.2, -1.1, 0.4}, DType::float64));
  for (const bool on : {true, false})
    for (const std::string& method : ode_method_names())
      for (const OdeGradient gradient : problems::all_gradients) {
        if (!on && gradient != OdeGradient::direct) continue;
        INFO(method << ' ' << static_cast<int>(gradient) << ' ' << on);
        const GradMode mode(on);
        const DiagonalCheck check;
        const Scope scope("surrounding");
        check_every_exception([&](Calls& calls) {
          const VectorField f = [&](const Tensor&, const State& y) -> State {
            const Tensor rate = tanh(y[0] * w);
            calls();
            return {rate - y[0]};
          };
          OdeOptions options{.method = method, .gradient = gradient};
          options.rtol = options.atol = 1e-3;
          if (!is_adaptive(method)) options.steps = 8;
          const Tensor end = odeint(f, {track(ones({4}, DType::float64))}, {0, 0.5, 1}, options).y.back()[0];
          if (on) grad(sum(square(end)), w);
        });
      }
}

TEST_CASE("an exception of F leaves nothing behind, by every method and gradient") {
  const Tensor w = track(tensor({0.3, -0.2, -0.4, 0.4}, DType::float64));
  for (const std::string& method : root_methods())
    for (const RootGradient gradient : {RootGradient::implicit, RootGradient::iterations}) {
      INFO(method << ' ' << static_cast<int>(gradient));
      check_every_exception([&](Calls& calls) {
        RootProblem problem{.residual = [&](const Tensor& y) {
          const Tensor inner = tanh(y * w);
          calls();
          return y - inner - 0.1 * w;
        }};
        problem.diagonal = [&](const Tensor& y) {
          calls();
          return 1 - w * (1 - square(tanh(y * w)));
        };
        const RootSolution s = find_root(problem, zeros({4}, DType::float64), {.method = method, .gradient = gradient});
        grad(sum(square(s.y)), w);
      });
    }
}

}  // namespace dimwise::hollow_exceptions_tests
