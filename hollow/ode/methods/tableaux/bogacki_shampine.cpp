// Bogacki & Shampine, A 3(2) pair of Runge–Kutta formulas (1989), with the cubic Hermite interpolant of a step's ends.
#include "hollow/ode/methods/tableau.hpp"

namespace dimwise {

std::vector<const Tableau*> bogacki_shampine_tableaux() {
  static const Tableau bosh3{
      "bosh3",
      3,
      {0, 1.0 / 2, 3.0 / 4, 1},
      {{}, {1.0 / 2}, {0, 3.0 / 4}, {2.0 / 9, 1.0 / 3, 4.0 / 9}},
      {2.0 / 9, 1.0 / 3, 4.0 / 9, 0},
      {-5.0 / 72, 1.0 / 12, 1.0 / 9, -1.0 / 8},
      {{1, -4.0 / 3, 5.0 / 9}, {0, 1, -2.0 / 3}, {0, 4.0 / 3, -8.0 / 9}, {0, -1, 1}},
      3,
      true,
  };
  return {&bosh3};
}

}  // namespace dimwise
