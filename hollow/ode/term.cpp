#include "hollow/ode/term.hpp"

#include "autodiff/base/error.hpp"
#include "hollow/ode/detail/system.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise {

State OdeTerm::operator()(const Tensor& t, const State& y) const {
  State k = f(t, y);
  if (!nonstiff) return k;
  const State more = nonstiff(t, y);
  ode::check_structure(k, y);
  ode::check_structure(more, y, "nonstiff");
  for (size_t i = 0; i < k.size(); ++i) k[i] = k[i] + more[i];
  return k;
}

OdeTerm split_term(OdeTerm stiff, VectorField nonstiff) {
  if (stiff.nonstiff) fail<ValueError>("split_term", "the stiff part is split already. Give a term without nonstiff.");
  if (!nonstiff) fail<ValueError>("split_term", "there is no function nonstiff. Give one, or the stiff term alone.");
  stiff.nonstiff = std::move(nonstiff);
  return stiff;
}

OdeTerm mass_term(const Tensor& mass, OdeTerm term) {
  term.mass = SparseMatrix::from(mass);
  return term;
}

}  // namespace dimwise
