#include "hollow/solve/linear/sparse_matrix.hpp"

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/node.hpp"
#include "ops/arithmetic.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"

namespace dimwise {

SparseMatrix SparseMatrix::from(const Tensor& matrix) {
  if (matrix.rank() == 1) return {SparsityPattern::banded(matrix.dim(0), 0, 0), matrix};
  if (matrix.rank() != 2 || matrix.dim(0) != matrix.dim(1))
    fail<ShapeError>("SparseMatrix", "the matrix has shape ", matrix.shape(), ". Give (n, n), or (n) for a diagonal.");
  const int64_t n = matrix.dim(0);
  const std::vector<double> all = matrix.values();
  std::vector<int64_t> rows, columns, places;
  for (int64_t k = 0; k < n * n; ++k)
    if (all[static_cast<size_t>(k)] != 0) {
      rows.push_back(k / n);
      columns.push_back(k % n);
      places.push_back(k);
    }
  return {{n, rows, columns}, index_select(reshape(matrix, {n * n}), 0, places)};
}

Tensor SparseMatrix::times(const Tensor& x) const {
  if (x.rank() == 0 || x.dim(-1) != pattern.size())
    fail<ShapeError>("SparseMatrix", "the matrix is ", pattern.size(), " × ", pattern.size(),
                     ", but the vector has shape ", x.shape(), '.');
  return index_add(values * index_select(x, -1, pattern.columns()), -1, pattern.rows(), pattern.size());
}

SparseMatrix SparseMatrix::transposed() const {
  const SparsityPattern turned = pattern.transposed();
  // Row after row, the entries of a column come in the order in which the transposed pattern has them.
  std::vector<int64_t> next(turned.begins().begin(), turned.begins().end() - 1), from(pattern.columns().size());
  for (size_t k = 0; k < from.size(); ++k)
    from[static_cast<size_t>(next[static_cast<size_t>(pattern.columns()[k])]++)] = static_cast<int64_t>(k);
  return {turned, index_select(values, -1, from)};
}

template <class Place>
Tensor SparseMatrix::spread(int64_t length, Place place) const {
  Tensor all = zeros(values.shape().with_last(length), values.dtype());
  const size_t entries = pattern.columns().size();
  dispatch(values.dtype(), [&](auto t) {
    using T = decltype(t);
    const auto from = values.data<T>();
    T* to = mutable_data<T>(all);
    for (size_t begin = 0; begin < from.size(); begin += entries, to += length)
      for (size_t i = 0; i + 1 < pattern.begins().size(); ++i)
        for (auto k = static_cast<size_t>(pattern.begins()[i]); k < static_cast<size_t>(pattern.begins()[i + 1]); ++k)
          if (const int64_t at = place(i, static_cast<size_t>(pattern.columns()[k])); at >= 0) to[at] = from[begin + k];
  });
  return all;
}

Tensor SparseMatrix::diagonal() const {
  return spread(pattern.size(), [](size_t i, size_t j) { return i == j ? static_cast<int64_t>(i) : -1; });
}

Tensor SparseMatrix::dense() const {
  const auto n = static_cast<size_t>(pattern.size());
  Shape shape = values.shape().with_last(pattern.size());
  shape.push_back(pattern.size());
  return reshape(
      spread(pattern.size() * pattern.size(), [n](size_t i, size_t j) { return static_cast<int64_t>(i * n + j); }),
      shape);
}

SparseMatrix block_diagonal(const SparseMatrix& a, const SparseMatrix& b) {
  const int64_t n = a.pattern.size();
  std::vector<int64_t> rows = a.pattern.rows(), columns = a.pattern.columns();
  for (const int64_t i : b.pattern.rows()) rows.push_back(n + i);
  for (const int64_t j : b.pattern.columns()) columns.push_back(n + j);
  return {{n + b.pattern.size(), rows, columns}, concat({a.values, b.values}, -1)};
}

}  // namespace dimwise
