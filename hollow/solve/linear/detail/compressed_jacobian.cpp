#include "hollow/solve/linear/detail/compressed_jacobian.hpp"

#include <cmath>

#include "autodiff/base/rng.hpp"
#include "autodiff/context.hpp"
#include "autodiff/node.hpp"
#include "hollow/solve/linear/detail/coloring.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

SparseMatrix compressed_jacobian(const JacobianProducts& products, const SparsityPattern& pattern, const Tensor& like) {
  const NoGrad guard;
  const int64_t column_colors = count_colors(pattern.column_colors());
  const bool by_rows = products.pull && count_colors(pattern.row_colors()) < column_colors;
  const std::vector<int64_t>& colors = by_rows ? pattern.row_colors() : pattern.column_colors();
  const std::vector<int64_t> rows = pattern.rows();
  const std::vector<int64_t>&seeded = by_rows ? rows : pattern.columns(), &found = by_rows ? pattern.columns() : rows;
  Tensor values = empty(like.shape().with_last(pattern.nonzeros()), like.dtype());
  const auto n = static_cast<size_t>(like.dim(-1)), entries = seeded.size();
  for (int64_t color = 0; color < count_colors(colors); ++color) {
    std::vector<double> seed(n);
    for (size_t j = 0; j < n; ++j) seed[j] = colors[j] == color ? 1 : 0;
    const Tensor product = (by_rows ? products.pull : products.push)(tensor(seed, like.dtype()));
    dispatch(like.dtype(), [&](auto t) {
      using T = decltype(t);
      const T* from = product.data<T>().data();
      T* to = mutable_data<T>(values);
      for (size_t row = 0; row < product.data<T>().size() / n; ++row, from += n, to += entries)
        for (size_t k = 0; k < entries; ++k)
          if (seed[static_cast<size_t>(seeded[k])] != 0) to[k] = from[found[k]];
    });
  }
  if (products.step.defined()) values = values / index_select(products.step, -1, pattern.columns());
  return {pattern, values};
}

int64_t differing_row(const SparseMatrix& matrix, const JacobianProducts& products, const Tensor& like) {
  const NoGrad guard;
  const Tensor v = Rng(1).normal(like.shape(), like.dtype()), scaled = products.step.defined() ? products.step * v : v;
  const Tensor pushed = products.push(v);
  const SparsityPattern& pattern = matrix.pattern;
  const auto n = static_cast<size_t>(like.dim(-1)), entries = pattern.columns().size();
  return dispatch(like.dtype(), [&](auto t) {
    using T = decltype(t);
    const auto expected = pushed.data<T>(), x = scaled.data<T>();
    const T* values = matrix.values.data<T>().data();
    int64_t differs = -1;
    double most = products.rounding;
    for (size_t begin = 0; begin < expected.size(); begin += n, values += entries)
      for (size_t i = 0; i < n; ++i) {
        const auto wanted = static_cast<double>(expected[begin + i]);
        double sum = 0, size = std::abs(wanted);
        for (auto k = static_cast<size_t>(pattern.begins()[i]); k < static_cast<size_t>(pattern.begins()[i + 1]); ++k) {
          const double term = static_cast<double>(values[k]) *
                              static_cast<double>(x[begin + static_cast<size_t>(pattern.columns()[k])]);
          sum += term;
          size += std::abs(term);
        }
        // Numbers that are not finite are never different: the step reports them.
        if (std::abs(wanted - sum) > most * size) {
          most = std::abs(wanted - sum) / size;
          differs = static_cast<int64_t>(i);
        }
      }
    return differs;
  });
}

int64_t missing_column(const SparsityPattern& pattern, int64_t row, const JacobianProducts& products,
                       const Tensor& like) {
  const NoGrad guard;
  const int64_t n = like.dim(-1);
  const std::vector<double> random = Rng(2).uniforms(n);
  std::vector<int64_t> columns;
  for (int64_t j = 0; j < n; ++j)
    if (!pattern.contains(row, j)) columns.push_back(j);
  const auto occurs = [&](const std::vector<int64_t>& among) {
    std::vector<double> seed(static_cast<size_t>(n), 0);
    for (const int64_t j : among) seed[static_cast<size_t>(j)] = 0.5 + 0.5 * random[static_cast<size_t>(j)];
    const Tensor product = select(products.push(tensor(seed, like.dtype())), -1, row);
    return max(abs(product)).item() != 0;
  };
  if (columns.empty() || !occurs(columns)) return -1;
  while (columns.size() > 1) {
    const auto middle = columns.begin() + static_cast<std::ptrdiff_t>(columns.size() / 2);
    const std::vector<int64_t> first(columns.begin(), middle), second(middle, columns.end());
    columns = occurs(first) ? first : second;
  }
  return columns[0];
}

bool rows_depend(const JacobianProducts& products, const Tensor& like) {
  const NoGrad guard;
  const int64_t n = like.dim(-1), rows = like.size() / n;
  const std::vector<double> random = Rng(3).uniforms(like.size());
  for (int64_t row = 0; rows > 1 && row < rows; ++row) {
    std::vector<double> seed(random.size(), 0);
    for (int64_t i = row * n; i < (row + 1) * n; ++i)
      seed[static_cast<size_t>(i)] = 0.5 + 0.5 * random[static_cast<size_t>(i)];
    const std::vector<double> product = products.push(tensor(seed, like.shape(), like.dtype())).values();
    for (int64_t i = 0; i < like.size(); ++i)
      if (product[static_cast<size_t>(i)] != 0 && i / n != row) return true;
  }
  return false;
}

}  // namespace dimwise
