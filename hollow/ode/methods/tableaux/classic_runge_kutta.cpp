// Euler, Heun and the Runge–Kutta method of order 4, each with the continuous extension that its stages give.
#include "hollow/ode/methods/tableau.hpp"

namespace dimwise {

std::vector<const Tableau*> classic_tableaux() {
  static const Tableau euler{"euler", 1, {0}, {{}}, {1}, {}, {{1}}, 1};
  static const Tableau heun{"heun", 2, {0, 1}, {{}, {1}}, {1.0 / 2, 1.0 / 2}, {}, {{1, -1.0 / 2}, {0, 1.0 / 2}}, 2};
  static const Tableau rk4{
      "rk4",
      4,
      {0, 1.0 / 2, 1.0 / 2, 1},
      {{}, {1.0 / 2}, {0, 1.0 / 2}, {0, 0, 1}},
      {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6},
      {},
      {{1, -3.0 / 2, 2.0 / 3}, {0, 1, -2.0 / 3}, {0, 1, -2.0 / 3}, {0, -1.0 / 2, 2.0 / 3}},
      3,
  };
  return {&euler, &heun, &rk4};
}

}  // namespace dimwise
