#include "hollow/solve/linear/sparse_matrix.hpp"

#include "autodiff/basic.hpp"
#include "autodiff/node.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"

namespace dimwise {

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
