#pragma once

#include <functional>
#include <vector>

#include "hollow/ode/term.hpp"

namespace dimwise::ode::problems {

using TimeMap = std::function<Tensor(const Tensor& t, const Tensor& y)>;

/// A term of one state tensor from f, its diagonal (of y's shape; none where it is 0) and, if known, its Jacobian.
OdeTerm term_of(const TimeMap& f, const TimeMap& diagonal, const TimeMap& jacobian = nullptr);

/// One summand of a polynomial vector field: coefficient · Π y_i over `of`, added to component `into`.
struct Monomial {
  int64_t into;
  double coefficient;
  std::vector<int64_t> of = {};  ///< indices from 0, repeated for powers
};

/// A map of polynomials: (…, d) to (…, n). A few ops, however many monomials there are.
class Polynomial {
 public:
  /// Throws ValueError for an index out of range.
  Polynomial(int64_t d, int64_t n, const std::vector<Monomial>& monomials);
  Tensor operator()(const Tensor& y) const;

 private:
  // Monomials of one degree: the factors' indices, factor by factor, and what each adds to the components.
  struct Degree {
    std::vector<std::vector<int64_t>> factors;
    Tensor weight;  // (n, monomials)
  };

  int64_t n_;
  Tensor constant_, linear_;  // (n), (n, d); undefined where there is none
  std::vector<Degree> higher_;
};

/// y' = polynomials of y, with diagonal and Jacobian, which are polynomials too.
///
/// Example: the logistic equation y' = y − y²: `polynomial_term(1, {{0, 1, {0}}, {0, -1, {0, 0}}})`.
OdeTerm polynomial_term(int64_t d, const std::vector<Monomial>& monomials);

/// The monomials of A y for a matrix given by rows.
std::vector<Monomial> linear_monomials(const std::vector<std::vector<double>>& rows);

/// float64 tensors, as all problems are made of.
Tensor values(const std::vector<double>& v);
Tensor matrix(const std::vector<std::vector<double>>& rows);

}  // namespace dimwise::ode::problems
