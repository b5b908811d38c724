#include <cmath>
#include <limits>

#include "hollow/ode/odeint.hpp"
#include "ops/arithmetic.hpp"
#include "tests/catch.hpp"

namespace dimwise::ode_shortest_step_tests {

TEST_CASE("A step that cannot be made shorter ends the solve, however t rounds") {
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

}  // namespace dimwise::ode_shortest_step_tests
