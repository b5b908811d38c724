#include "hollow/ode/tableau.hpp"

#include "autodiff/error.hpp"

namespace dimwise {

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
  std::string known;
  for (const Tableau* method : tableaux()) {
    if (method->name == name) return *method;
    known += (known.empty() ? "" : ", ") + method->name;
  }
  fail<ValueError>("odeint", "there is no method '", name, "'. Use one of ", known, ".");
}

}  // namespace dimwise
