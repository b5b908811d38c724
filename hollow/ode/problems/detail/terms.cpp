#include "hollow/ode/problems/detail/terms.hpp"

#include <algorithm>
#include <map>

#include "autodiff/base/error.hpp"
#include "ops/arithmetic.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"

namespace dimwise::ode::problems {

namespace {

void check_index(int64_t index, int64_t end) {
  if (index < 0 || index >= end)
    fail<ValueError>("polynomial", "index ", index, " is not within 0 to ", end - 1, ". Count components from 0.");
}

// ∂/∂y_i of each monomial, for every i it contains, put into component into(monomial, i) where that is not negative.
template <class Into>
std::vector<Monomial> derivatives(const std::vector<Monomial>& monomials, Into into) {
  std::vector<Monomial> result;
  for (const Monomial& m : monomials)
    for (size_t k = 0; k < m.of.size(); ++k) {
      const int64_t place = into(m, m.of[k]);
      if (place < 0) continue;
      Monomial part{place, m.coefficient, m.of};
      part.of.erase(part.of.begin() + static_cast<std::ptrdiff_t>(k));
      result.push_back(std::move(part));
    }
  return result;
}

}  // namespace

OdeTerm term_of(const TimeMap& f, const TimeMap& diagonal, const TimeMap& jacobian) {
  OdeTerm term([f](const Tensor& t, const State& y) -> State { return {f(t, y[0])}; });
  term.with_diagonal = [f, diagonal](const Tensor& t, const State& y) -> ValueAndDiagonal {
    return {{f(t, y[0])}, {diagonal ? diagonal(t, y[0]) : Tensor()}};
  };
  if (jacobian) term.jacobian = [jacobian](const Tensor& t, const State& y) { return jacobian(t, y[0]); };
  return term;
}

Polynomial::Polynomial(int64_t d, int64_t n, const std::vector<Monomial>& monomials) : n_(n) {
  std::map<size_t, std::map<std::vector<int64_t>, std::vector<std::pair<int64_t, double>>>> degrees;
  for (const Monomial& m : monomials) {
    check_index(m.into, n);
    for (const int64_t i : m.of) check_index(i, d);
    std::vector<int64_t> of = m.of;
    std::sort(of.begin(), of.end());
    degrees[of.size()][of].push_back({m.into, m.coefficient});
  }
  for (const auto& [degree, products] : degrees) {
    Degree group;
    const int64_t columns = degree == 1 ? d : static_cast<int64_t>(products.size());
    std::vector<double> weight(static_cast<size_t>(n * columns));
    group.factors.resize(degree);
    int64_t column = 0;
    for (const auto& [of, parts] : products) {
      if (degree == 1) column = of[0];
      for (const auto& [into, coefficient] : parts) weight[static_cast<size_t>(into * columns + column)] += coefficient;
      for (size_t k = 0; k < degree; ++k) group.factors[k].push_back(of[k]);
      ++column;
    }
    group.weight = tensor(weight, degree == 0 ? Shape{n} : Shape{n, columns}, DType::float64);
    if (degree == 0)
      constant_ = group.weight;
    else if (degree == 1)
      linear_ = group.weight;
    else
      higher_.push_back(std::move(group));
  }
}

Tensor Polynomial::operator()(const Tensor& y) const {
  Tensor sum;
  if (linear_.defined()) sum = dimwise::linear(y, linear_, constant_);
  for (const Degree& group : higher_) {
    Tensor products = index_select(y, -1, group.factors[0]);
    for (size_t k = 1; k < group.factors.size(); ++k) products = products * index_select(y, -1, group.factors[k]);
    const Tensor part = dimwise::linear(products, group.weight, sum.defined() ? Tensor() : constant_);
    sum = sum.defined() ? sum + part : part;
  }
  if (sum.defined()) return sum;
  const Shape shape = y.shape().with_last(n_);
  return constant_.defined() ? broadcast_to(constant_, shape) : zeros(shape, y.dtype());
}

OdeTerm polynomial_term(int64_t d, const std::vector<Monomial>& monomials) {
  const Polynomial f(d, d, monomials);
  const Polynomial diagonal(d, d,
                            derivatives(monomials, [](const Monomial& m, int64_t i) { return i == m.into ? i : -1; }));
  const Polynomial jacobian(d, d * d,
                            derivatives(monomials, [d](const Monomial& m, int64_t i) { return m.into * d + i; }));
  return term_of([f](const Tensor&, const Tensor& y) { return f(y); },
                 [diagonal](const Tensor&, const Tensor& y) { return diagonal(y); },
                 [jacobian, d](const Tensor&, const Tensor& y) {
                   Shape shape = y.shape();
                   shape.push_back(d);
                   return reshape(jacobian(y), shape);
                 });
}

std::vector<Monomial> linear_monomials(const std::vector<std::vector<double>>& rows) {
  std::vector<Monomial> result;
  for (size_t i = 0; i < rows.size(); ++i)
    for (size_t j = 0; j < rows[i].size(); ++j)
      if (rows[i][j] != 0) result.push_back({static_cast<int64_t>(i), rows[i][j], {static_cast<int64_t>(j)}});
  return result;
}

Tensor values(const std::vector<double>& v) { return tensor(v, DType::float64); }

Tensor matrix(const std::vector<std::vector<double>>& rows) {
  std::vector<double> all;
  for (const auto& r : rows) all.insert(all.end(), r.begin(), r.end());
  return tensor(all, {static_cast<int64_t>(rows.size()), static_cast<int64_t>(rows[0].size())}, DType::float64);
}

}  // namespace dimwise::ode::problems
