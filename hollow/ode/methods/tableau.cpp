#include "hollow/ode/methods/tableau.hpp"

#include <cmath>

#include "autodiff/base/error.hpp"

namespace dimwise {

double Tableau::real_stability() const {
  const double step = 0.05, far = 100;
  std::vector<double> stage(stages());
  for (double z = step; z < far; z += step) {  // one step of y' = −z y from 1: its end is R(−z)
    double end = 1;
    for (size_t i = 0; i < stages(); ++i) {
      stage[i] = 1;
      for (size_t j = 0; j < i; ++j) stage[i] -= z * a[i][j] * stage[j];
      end -= z * b[i] * stage[i];
    }
    if (std::abs(end) > 1) return z - step;
  }
  return far;
}

const std::vector<const Tableau*>& tableaux() {
  static const std::vector<const Tableau*> all = [] {
    std::vector<const Tableau*> list;
    for (const auto& family : {classic_tableaux(), bogacki_shampine_tableaux(), dormand_prince_tableaux(),
                               tsitouras_tableaux(), dormand_prince_853_tableaux()})
      list.insert(list.end(), family.begin(), family.end());
    return list;
  }();
  return all;
}

const Tableau& tableau(const std::string& name) {
  for (const Tableau* method : tableaux())
    if (method->name == name) return *method;
  fail<ValueError>("tableau", "there is no explicit method '", name, "'. `tableaux()` has all.");
}

}  // namespace dimwise
