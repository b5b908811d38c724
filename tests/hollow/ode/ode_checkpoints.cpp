// Memory and higher derivatives of OdeGradient::checkpointed.
#include "autodiff/base/buffer.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/ode/odeint.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_checkpoints_tests {

using namespace dimwise::problems;

TEST_CASE("the recorded gradient of 10000 steps of 1000 components needs 60 MB") {
  // The pool returns no memory: started empty, it ends with the peak usage.
  release_pool();
  {
    const Tensor y0 = track(full({1000}, 0.5, DType::float64)), p = track(scalar(0.7, DType::float64));
    const VectorField f = [&](const Tensor&, const State& y) -> State { return {sin(y[0]) * p}; };
    const auto s = odeint(f, {y0}, {0, 1}, {.method = "rk4", .steps = 10000, .gradient = OdeGradient::checkpointed});
    const auto g = grad(sum(s.y.back()[0]), {y0, p});
    // sin y / sin y0 is ∂y/∂y0, and sin y is ∂y/∂p at t = 1.
    const Tensor y = s.y.back()[0];
    CHECK(relative_error(g[0], (sin(y) / sin(y0)).values()) < 1e-10);
    CHECK(relative_error(g[1], sum(sin(y)).values()) < 1e-10);
    CHECK(g[1].tracked());
  }
  CHECK(pool_statistics().bytes_held < 60'000'000);
}

TEST_CASE("second and third derivatives through a checkpointed solve are those of the direct one") {
  for (const char* method : {"rk4", "dopri5", "abm"}) {
    INFO(method);
    const std::vector<double> times{0, 0.4, 1};
    const auto loss = [&](const std::vector<Tensor>& in, OdeGradient gradient) {
      const VectorField f = [p = in[1]](const Tensor& t, const State& y) -> State {
        return {sin(y[0] * p) + cos(t) * y[0]};
      };
      const auto s = value_or_throw(odeint(f, {in[0]}, times, {.method = method, .dt = 0.1, .gradient = gradient}));
      return sum(square(s.y[1][0])) + sum(s.y[2][0]);
    };
    const std::vector<Tensor> in{track(tensor({0.5, -1}, DType::float64)), track(scalar(1.2, DType::float64))};
    std::vector<std::vector<Tensor>> all;
    for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::checkpointed}) {
      std::vector<Tensor> orders = grad(loss(in, gradient), in);
      for (size_t order = 2; order <= 3; ++order) {
        const size_t n = orders.size();
        const auto next = grad(sum(square(orders[n - 2])) + orders[n - 1], in);
        orders.insert(orders.end(), next.begin(), next.end());
      }
      all.push_back(orders);
    }
    for (size_t i = 0; i < all[0].size(); ++i) CHECK(relative_error(all[1][i], all[0][i].values()) < 1e-11);
    if (!is_adaptive(method))
      CHECK_NOTHROW(check_grads([&](const auto& at) { return loss(at, OdeGradient::checkpointed); }, in,
                                {.order = 2, .tolerance = 1e-6}));
  }
}

}  // namespace dimwise::ode_checkpoints_tests
