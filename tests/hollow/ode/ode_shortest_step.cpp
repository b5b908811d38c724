#include <cmath>
#include <limits>

#include "hollow/ode/odeint.hpp"
#include "ops/arithmetic.hpp"
#include "tests/catch.hpp"

namespace dimwise::ode_shortest_step_tests {

TEST_CASE("A step that cannot be shortened ends the solve, for any rounding of t") {
  for (int i = 1; i <= 40; ++i) {
    const double wall = 0.01 * i * i;
    const VectorField f = [&](const Tensor& t, const State& y) -> State {
      return {t.item() < wall ? -y[0] : full(y[0].shape(), std::numeric_limits<double>::quiet_NaN(), DType::float64)};
    };
    const OdeSolution s = odeint(f, {tensor({1}, DType::float64)}, {0, 20}, {.max_steps = 2000});
    INFO(s.message);
    CHECK(s.status == OdeStatus::non_finite);
    CHECK(s.grid.back() == Approx(wall));
  }
}

TEST_CASE("A vector field that is not finite after t = 0 ends the solve there") {
  int64_t calls = 0;
  for (const char* method : {"dopri5", "tsit5", "dopri8", "abm", "bdf", "radau5", "kvaerno3"})
    for (const int64_t finite : {1, 2, 3, 5, 8, 13}) {  // evaluations, the first at t = 0
      calls = 0;
      const VectorField f = [&](const Tensor&, const State& y) -> State {
        return {++calls <= finite ? -y[0]
                                  : full(y[0].shape(), std::numeric_limits<double>::quiet_NaN(), DType::float64)};
      };
      INFO(method << ", " << finite);
      const OdeSolution s =
          odeint(f, {tensor({1}, DType::float64)}, {0, 20}, {.method = method, .max_evaluations = 200000});
      INFO(s.message);
      CHECK((s.status == OdeStatus::non_finite || s.status == OdeStatus::corrector_not_converging));
      CHECK(calls < 20000);
    }
}

}  // namespace dimwise::ode_shortest_step_tests
