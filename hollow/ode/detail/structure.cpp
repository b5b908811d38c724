#include "hollow/ode/detail/structure.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "hollow/solve/linear/detail/probing.hpp"
#include "ops/index.hpp"

namespace dimwise::ode {

namespace {

// A pattern that needs more products than this for a Jacobian is not searched for.
constexpr int64_t most_products = 48;
// A share of n above which they do not pay.
constexpr int64_t smallest_gain = 8;

std::optional<SparsityPattern> found(const JacobianProducts& products, const Tensor& like) {
  const int64_t most = std::min(most_products, like.dim(-1) / smallest_gain);
  std::optional<SparsityPattern> pattern = probe_pattern(products.push, like, most);
  if (pattern || !products.pull) return pattern;
  // Full rows are columns of the transposed matrix.
  pattern = probe_pattern(products.pull, like, most);
  if (pattern) pattern = pattern->transposed();
  return pattern;
}

SparsityPattern united(const SparsityPattern& a, const SparsityPattern& b) {
  std::vector<int64_t> rows = a.rows(), columns = a.columns();
  for (const int64_t i : b.rows()) rows.push_back(i);
  columns.insert(columns.end(), b.columns().begin(), b.columns().end());
  return {a.size(), rows, columns};
}

}  // namespace

Tensor Jacobian::diagonal() const { return sparse ? sparse->diagonal() : dimwise::diagonal(dense); }

void Structure::check_size(const Tensor& like) const {
  if (pattern_->size() != like.dim(-1))
    fail<ShapeError>("odeint", "the sparsity pattern is ", pattern_->size(), " × ", pattern_->size(),
                     ", but a row of unknowns has ", like.dim(-1),
                     ". They are all state tensors along their last axis, without quadratures; with RowCoupling::full, "
                     "or if rows depend on each other, the whole state.");
}

SparseMatrix Structure::matrix(const Tensor& values, const Tensor& like) const {
  check_size(like);
  const Shape expected = like.shape().with_last(pattern_->nonzeros());
  if (values.shape() != expected)
    fail<ShapeError>("odeint", "the term's jacobian has shape ", values.shape(), ", but with its sparsity pattern of ",
                     pattern_->nonzeros(), " entries it must be ", expected, '.');
  return {*pattern_, values};
}

void Structure::widen(const JacobianProducts& products, const Tensor& like) {
  searched_ = true;
  const std::optional<SparsityPattern> here = found(products, like);
  pattern_ = here && pattern_ ? united(*pattern_, *here) : here;
}

std::optional<SparseMatrix> Structure::jacobian(const JacobianProducts& products, const Tensor& like, bool check_rows) {
  if (!pattern_ && !searched_) widen(products, like);
  for (bool widened = false; pattern_; widened = true) {
    check_size(like);
    SparseMatrix matrix = compressed_jacobian(products, *pattern_, like);
    const int64_t row = differing_row(matrix, products, like);
    if (row < 0) return matrix;
    if (check_rows && rows_depend(products, like)) throw RowsAreCoupled{};
    const int64_t column = missing_column(*pattern_, row, products, like);
    if (column < 0) return matrix;
    if (given_)
      fail<ValueError>("odeint", "the sparsity pattern lacks the entry (", row, ", ", column, "), but f's component ",
                       row, " depends on unknown ", column,
                       ". Add it, or leave the pattern out: it is then searched for.");
    if (widened)
      pattern_.reset();
    else
      widen(products, like);
  }
  return std::nullopt;
}

}  // namespace dimwise::ode
