// Sparsity patterns, their colors, the search for them, and sparse LU, each beside its dense counterpart.
#include <algorithm>
#include <thread>

#include "autodiff/base/error.hpp"
#include "autodiff/base/rng.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/op.hpp"
#include "hollow/solve/implicit.hpp"
#include "hollow/solve/linear/detail/coloring.hpp"
#include "hollow/solve/linear/detail/compressed_jacobian.hpp"
#include "hollow/solve/linear/detail/probing.hpp"
#include "hollow/solve/linear/lu.hpp"
#include "hollow/solve/linear/sparse_lu.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/lattices.hpp"
#include "tests/hollow/solve/solve_problems.hpp"

namespace dimwise::solve_sparse_tests {

using namespace dimwise::test;
using Catch::Matchers::Contains;

namespace {

// About `each` entries in a row at random places, and the diagonal.
SparsityPattern scattered(int64_t n, int64_t each, uint64_t seed = 1) {
  std::vector<int64_t> rows, columns;
  const std::vector<double> random = Rng(seed).uniforms(n * each);
  for (int64_t i = 0; i < n; ++i) {
    rows.push_back(i);
    columns.push_back(i);
    for (int64_t k = 0; k < each; ++k) {
      rows.push_back(i);
      columns.push_back(std::min(n - 1, static_cast<int64_t>(random[i * each + k] * static_cast<double>(n))));
    }
  }
  return {n, rows, columns};
}

// The first row and column, and the diagonal.
SparsityPattern arrow(int64_t n, bool row, bool column) {
  std::vector<int64_t> rows, columns;
  for (int64_t i = 0; i < n; ++i) {
    rows.insert(rows.end(), {i, row ? 0 : i, i});
    columns.insert(columns.end(), {i, i, column ? 0 : i});
  }
  return {n, rows, columns};
}

SparsityPattern grid(int64_t side) {
  std::vector<int64_t> rows, columns;
  const auto add = [&](int64_t i, int64_t j) {
    rows.push_back(i);
    columns.push_back(j);
  };
  for (int64_t i = 0; i < side * side; ++i) {
    add(i, i);
    if (i % side > 0) add(i, i - 1);
    if (i % side + 1 < side) add(i, i + 1);
    if (i >= side) add(i, i - side);
    if (i + side < side * side) add(i, i + side);
  }
  return {side * side, rows, columns};
}

// Random values, with a diagonal that makes the matrix well conditioned if it is part of the pattern.
SparseMatrix random_matrix(const SparsityPattern& pattern, const Shape& batch, DType dtype, double diagonal = 8) {
  Shape shape = batch;
  shape.push_back(pattern.nonzeros());
  std::vector<double> on_diagonal;
  const std::vector<int64_t> rows = pattern.rows();
  for (size_t k = 0; k < rows.size(); ++k) on_diagonal.push_back(rows[k] == pattern.columns()[k] ? diagonal : 0);
  return {pattern, Rng(3).normal(shape, dtype) + tensor(on_diagonal, dtype)};
}

// A x for one matrix a row.
Tensor times(const Tensor& a, const Tensor& x, bool transposed = false) {
  return squeeze(matmul(a, unsqueeze(x, -1), {.transpose_a = transposed}), -1);
}

JacobianProducts products_of(const Tensor& a, int64_t* count = nullptr) {
  const auto product = [a, count](bool transposed) {
    return [a, count, transposed](const Tensor& v) {
      if (count) ++*count;
      return times(a, broadcast_to(v, a.shape().without(a.rank() - 1)), transposed);
    };
  };
  return {.push = product(false), .pull = product(true), .rounding = 1e-6};
}

// Whether no row has entries in two columns of one color.
bool valid(const SparsityPattern& pattern) {
  for (int64_t i = 0; i < pattern.size(); ++i) {
    std::vector<int64_t> seen;
    for (int64_t k = pattern.begins()[i]; k < pattern.begins()[i + 1]; ++k)
      seen.push_back(pattern.column_colors()[pattern.columns()[k]]);
    std::sort(seen.begin(), seen.end());
    if (std::adjacent_find(seen.begin(), seen.end()) != seen.end()) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("A pattern has its entries once, in order, and knows its band and its transpose") {
  const SparsityPattern p(4, {3, 0, 0, 3, 0}, {1, 2, 0, 1, 2});
  CHECK(p.nonzeros() == 3);
  CHECK(p.begins() == std::vector<int64_t>{0, 2, 2, 2, 3});
  CHECK(p.columns() == std::vector<int64_t>{0, 2, 1});
  CHECK(p.rows() == std::vector<int64_t>{0, 0, 3});
  CHECK(p.lower_bandwidth() == 2);
  CHECK(p.upper_bandwidth() == 2);
  CHECK(p.contains(3, 1));
  CHECK_FALSE(p.contains(1, 3));
  CHECK(p.transposed() == SparsityPattern(4, {0, 2, 1}, {0, 0, 3}));
  CHECK(SparsityPattern::banded(3, 1, 0) == SparsityPattern(3, {0, 1, 1, 2, 2}, {0, 0, 1, 1, 2}));
  CHECK(SparsityPattern::banded(2, 5, 9) == SparsityPattern(2, {0, 0, 1, 1}, {0, 1, 0, 1}));
  CHECK_FALSE(SparsityPattern::banded(3, 0, 0) == SparsityPattern::banded(4, 0, 0));

  CHECK_THROWS_WITH(SparsityPattern(2, {0}, {2}), Contains("(0, 2)"));
  CHECK_THROWS_AS(SparsityPattern(2, {-1}, {0}), ValueError);
  CHECK_THROWS_AS(SparsityPattern(2, {0, 1}, {0}), ValueError);
  CHECK_THROWS_AS(SparsityPattern(0, {}, {}), ValueError);
  CHECK_THROWS_AS(SparsityPattern::banded(3, -1, 0), ValueError);
}

TEST_CASE("Columns of one color share no row, and a band has as many colors as diagonals") {
  for (const SparsityPattern& p : {scattered(50, 3), lattices::ring(17), grid(9), arrow(20, true, true),
                                   arrow(20, true, false), SparsityPattern(5, {}, {}), SparsityPattern(1, {0}, {0})}) {
    CHECK(valid(p));
    CHECK(valid(p.transposed()));
    CHECK(p.row_colors() == p.transposed().column_colors());
  }
  for (const auto& [lower, upper] : {std::pair{0, 0}, {1, 1}, {2, 2}, {0, 3}, {5, 1}})
    for (const int64_t n : {11, 100}) {
      CHECK(valid(SparsityPattern::banded(n, lower, upper)));
      CHECK(count_colors(SparsityPattern::banded(n, lower, upper).column_colors()) == lower + upper + 1);
    }
  CHECK(count_colors(arrow(20, true, false).column_colors()) == 20);
  CHECK(count_colors(arrow(20, true, false).row_colors()) == 2);
  CHECK(count_colors(grid(12).column_colors()) <= 8);
}

TEST_CASE("A search finds the pattern, with few products however many columns there are") {
  for (const int64_t n : {1, 2, 15, 16, 17, 100, 257, 1000})
    for (const SparsityPattern& p : {SparsityPattern::banded(n, 1, 1), SparsityPattern::banded(n, 0, 2),
                                     lattices::ring(n), arrow(n, false, true), SparsityPattern(n, {}, {})}) {
      int64_t count = 0;
      INFO(n << " columns, " << p.nonzeros() << " entries");
      const SparseMatrix a = random_matrix(p, {}, DType::float64);
      const auto found = probe_pattern(products_of(a.dense(), &count).push, zeros({n}, DType::float64), 48);
      REQUIRE(found);
      CHECK(*found == p);
      if (p == SparsityPattern::banded(n, 1, 1)) CHECK(count <= 16 + 4 * 6);
    }
  // A grid, and places without any order, if they are few.
  for (const auto& p : {grid(30), scattered(40, 2)}) {
    const SparseMatrix a = random_matrix(p, {}, DType::float64);
    const auto found = probe_pattern(products_of(a.dense()).push, zeros({p.size()}, DType::float64), 48);
    REQUIRE(found);
    CHECK(*found == p);
  }
  // 16 products are spent however few suffice later, and more if so many are allowed.
  const SparsityPattern narrow = SparsityPattern::banded(100, 1, 1), wide = SparsityPattern::banded(200, 10, 10);
  const auto search = [](const SparsityPattern& p, int64_t most) {
    return probe_pattern(products_of(random_matrix(p, {}, DType::float64).dense()).push,
                         zeros({p.size()}, DType::float64), most);
  };
  CHECK(search(narrow, 3) == narrow);
  CHECK(search(wide, 48) == wide);
  CHECK_FALSE(search(wide, 16));
  // What one of the rows of a batch has belongs to the pattern.
  const Tensor first = random_matrix(SparsityPattern::banded(40, 1, 0), {}, DType::float32).dense(),
               second = random_matrix(SparsityPattern::banded(40, 0, 1), {}, DType::float32).dense();
  const auto found = probe_pattern(products_of(stack({first, second}, 0)).push, zeros({2, 40}, DType::float32), 48);
  REQUIRE(found);
  CHECK(*found == SparsityPattern::banded(40, 1, 1));
  // The search for a pattern that is not sparse ends early.
  int64_t count = 0;
  const Tensor full = Rng(1).normal({500, 500}, DType::float64);
  CHECK_FALSE(probe_pattern(products_of(full, &count).push, zeros({500}, DType::float64), 48));
  CHECK(count <= 48);
}

TEST_CASE("A compressed Jacobian has all entries, for as many products as there are colors") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (const Shape& batch : {Shape{}, Shape{3}, Shape{2, 2}})
      for (const SparsityPattern& p :
           {SparsityPattern::banded(13, 2, 1), scattered(31, 3), lattices::ring(17), arrow(33, true, false),
            arrow(33, false, true), SparsityPattern(1, {0}, {0}), SparsityPattern(5, {0, 4}, {3, 0})}) {
        const SparseMatrix a = random_matrix(p, batch, dtype);
        int64_t count = 0;
        const JacobianProducts products = products_of(a.dense(), &count);
        Shape shape = batch;
        shape.push_back(p.size());
        const Tensor like = zeros(shape, dtype);
        const SparseMatrix j = compressed_jacobian(products, p, like);
        CHECK(count == std::min(count_colors(p.column_colors()), count_colors(p.row_colors())));
        CHECK(j.values.values() == a.values.values());
        CHECK(differing_row(j, products, like) == -1);
        CHECK(furthest(j.transposed().dense(), transpose(a.dense())) == 0);
        CHECK(furthest(j.diagonal(), diagonal(a.dense())) == 0);
      }
}

TEST_CASE("An entry that a pattern lacks is found, and so are rows that depend on each other") {
  const int64_t n = 40;
  for (const auto& [row, column] : {std::pair<int64_t, int64_t>{7, 30}, {0, 39}, {39, 0}, {12, 14}}) {
    const Tensor a = random_matrix(SparsityPattern::banded(n, 1, 1), {2}, DType::float64).dense();
    std::vector<double> entry(2 * n * n, 0);
    entry[n * n + row * n + column] = 1e-3;  // of the second row
    const JacobianProducts products = products_of(a + tensor(entry, {2, n, n}, DType::float64));
    const Tensor like = zeros({2, n}, DType::float64);
    const SparsityPattern p = SparsityPattern::banded(n, 1, 1);
    const int64_t found = differing_row(compressed_jacobian(products, p, like), products, like);
    CHECK(found == row);
    CHECK(missing_column(p, row, products, like) == column);
    CHECK(missing_column(p, (row + 1) % n, products, like) == -1);
    CHECK_FALSE(rows_depend(products, like));
  }
  for (const int64_t on : {0, 1, 2})
    for (const int64_t of : {0, 1, 2}) {
      std::vector<double> mix{1, 0, 0, 0, 1, 0, 0, 0, 1};
      mix[3 * of + on] += 1e-9;
      const JacobianProducts coupled{.push =
                                         [&](const Tensor& v) {
                                           return matmul(tensor(mix, {3, 3}, DType::float64), broadcast_to(v, {3, 5}));
                                         },
                                     .pull = nullptr};
      INFO("row " << of << " depends on row " << on);
      CHECK(rows_depend(coupled, zeros({3, 5}, DType::float64)) == (of != on));
    }
}

TEST_CASE("SparseLu solves with A and its transpose as Lu does, as a band or not, one matrix a row") {
  struct Case {
    SparsityPattern pattern;
    bool banded;
  };
  for (const DType dtype : {DType::float32, DType::float64})
    for (const Shape& batch : {Shape{}, Shape{3}, Shape{2, 2}})
      for (const Case& each :
           {Case{SparsityPattern(1, {0}, {0}), true}, Case{SparsityPattern::banded(2, 1, 1), true},
            Case{SparsityPattern::banded(7, 0, 2), true}, Case{SparsityPattern::banded(33, 3, 0), true},
            Case{SparsityPattern::banded(65, 1, 2), true}, Case{lattices::ring(101), false},
            Case{scattered(151, 2), false}, Case{arrow(77, true, true), false}, Case{grid(7), true}}) {
        const SparseMatrix a = random_matrix(each.pattern, batch, dtype);
        Shape shape = batch;
        shape.push_back(each.pattern.size());
        const Tensor b = Rng(5).normal(shape, dtype);
        const Lu dense(a.dense());
        SparseLu lu(a);
        CHECK(lu.banded() == each.banded);
        CHECK_FALSE(lu.singular());
        const double tolerance = dtype == DType::float32 ? 1e-5 : 1e-12;
        CHECK(furthest(lu.solve(b), dense.solve(b)) < tolerance);
        CHECK(furthest(lu.solve_transposed(b), dense.solve_transposed(b)) < tolerance);
        // Other values, with pivots that the first ones did not need.
        const SparseMatrix other{a.pattern, random_matrix(each.pattern, batch, dtype, 0).values};
        const Lu other_dense(other.dense());
        if (other_dense.singular()) continue;
        lu.refactor(other);
        const Tensor x = lu.solve(b), y = lu.solve_transposed(b);
        CHECK(furthest(times(other.dense(), x), b) <
              (dtype == DType::float32 ? 1e-2 : 1e-8) * (1 + max(abs(x)).item()));
        CHECK(furthest(times(other.dense(), y, true), b) <
              (dtype == DType::float32 ? 1e-2 : 1e-8) * (1 + max(abs(y)).item()));
      }
}

TEST_CASE("Pivots that vanish in other values are chosen anew") {
  for (const SparsityPattern& p : {lattices::ring(101), SparsityPattern::banded(30, 1, 1)}) {
    SparseLu lu(random_matrix(p, {}, DType::float64));
    const SparseMatrix small = random_matrix(p, {}, DType::float64, 0);
    std::vector<double> values = small.values.values();
    const std::vector<int64_t> rows = p.rows();
    for (size_t k = 0; k < rows.size(); ++k)
      if (rows[k] == p.columns()[k]) values[k] = 1e-13;
    const SparseMatrix tiny{p, tensor(values, DType::float64)};
    const Tensor b = Rng(5).normal({p.size()}, DType::float64);
    lu.refactor(tiny);
    CHECK(furthest(lu.solve(b), Lu(tiny.dense()).solve(b)) < 1e-8 * (1 + max(abs(lu.solve(b))).item()));
  }
}

TEST_CASE("One sparse matrix can be used for all rows, also by several threads") {
  for (const SparsityPattern& p : {lattices::ring(101), SparsityPattern::banded(30, 2, 1)}) {
    const SparseMatrix a = random_matrix(p, {}, DType::float64);
    const Tensor b = Rng(2).normal({2, 5, p.size()}, DType::float64);
    const SparseLu lu(a);
    CHECK(furthest(matmul(lu.solve(b), a.dense(), {.transpose_b = true}), b) < 1e-12);
    CHECK(furthest(matmul(lu.solve_transposed(b), a.dense()), b) < 1e-12);
    const std::vector<double> expected = lu.solve(b).values();
    std::vector<double> off(4, 0);
    std::vector<std::thread> threads;
    for (double& result : off)
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          const std::vector<double> again = lu.solve(b).values();
          for (size_t j = 0; j < again.size(); ++j) result = std::max(result, std::abs(again[j] - expected[j]));
        }
      });
    for (std::thread& each : threads) each.join();
    for (const double result : off) CHECK(result == 0);
  }
}

TEST_CASE("A singular sparse matrix in any row is reported, and not solved") {
  // An empty row, an empty column, equal rows, and zeros: as a band and not.
  for (const SparsityPattern& p : {SparsityPattern(30, {0, 1, 2}, {0, 1, 2}), SparsityPattern(3, {0, 1, 1}, {0, 1, 0}),
                                   SparsityPattern(2, {0, 0, 1, 1}, {0, 1, 0, 1}), lattices::ring(50)}) {
    const SparseLu lu({p, ones({p.nonzeros()}, DType::float64)});
    if (p.size() == 50) {
      CHECK_FALSE(lu.singular());  // 1 + 2 cos(2πk/50) is never 0
      continue;
    }
    CHECK(lu.singular());
    CHECK_THROWS_WITH(lu.solve(ones({p.size()}, DType::float64)), Contains("singular"));
  }
  for (const SparsityPattern& p : {lattices::ring(51), SparsityPattern::banded(2, 1, 1)}) {
    const SparseMatrix good = random_matrix(p, {}, DType::float64);
    SparseLu lu(
        {p, stack({good.values, p.size() == 2 ? ones({4}, DType::float64) : ones({p.nonzeros()}, DType::float64)}, 0)});
    if (p.size() == 2) CHECK(lu.singular());
    lu.refactor({p, stack({good.values, zeros_like(good.values)}, 0)});
    CHECK(lu.singular());
    CHECK_THROWS_AS(lu.solve_transposed(ones({2, p.size()}, DType::float64)), ValueError);
    lu.refactor(good);
    CHECK_FALSE(lu.singular());
  }
}

TEST_CASE("SparseLu reports patterns, shapes and dtypes that do not fit") {
  const SparsityPattern p = SparsityPattern::banded(3, 0, 1);
  CHECK_THROWS_AS(SparseLu({p, ones({4})}), ShapeError);
  SparseLu lu({p, ones({2, 5})});
  CHECK_THROWS_AS(lu.solve(ones({3})), ShapeError);
  CHECK_THROWS_AS(lu.solve(ones({2, 4})), ShapeError);
  CHECK_THROWS_AS(lu.solve(ones({2, 3}, DType::float64)), DTypeError);
  CHECK_THROWS_AS(lu.refactor({SparsityPattern::banded(3, 1, 0), ones({5})}), ValueError);
  CHECK_NOTHROW(lu.refactor({SparsityPattern::banded(3, 0, 1), ones({5})}));
}

TEST_CASE("The derivative of a root with a sparse Jacobian is the dense one's, in both directions") {
  const int64_t n = 60;
  const auto residual = [](const Tensor& a, bool closed) {
    return [=](const Tensor& y) {
      const int64_t d = y.dim(-1);
      const Tensor before = concat({slice(y, -1, d - 1, d), slice(y, -1, 0, d - 1)});
      const Tensor coupling = closed ? before
                                     : before * tensor(
                                                    [&] {
                                                      std::vector<double> inside(static_cast<size_t>(d), 1);
                                                      inside[0] = 0;
                                                      return inside;
                                                    }(),
                                                    DType::float64);
      return y + 0.3 * tanh(y) - 0.4 * coupling - a;
    };
  };
  Tensor a0 = Rng(1).normal({2, n}, DType::float64);
  for (const bool closed : {false, true}) {
    Tensor y = zeros({2, n}, DType::float64);
    {
      const NoGrad guard;
      for (int i = 0; i < 400; ++i) y = y - 0.5 * residual(a0, closed)(y);
    }
    const auto gradient = [&](const ImplicitOptions& how) {
      const Tensor a = track(a0), root = implicit_root(residual(a, closed), y, how);
      return std::pair{grad(sum(sin(root)), a).values(), jvp(root, a, ones_like(a)).values()};
    };
    const auto dense = gradient({.method = ImplicitMethod::dense});
    // With an open band, a ring, and a pattern that lacks the ring's closure.
    for (const SparsityPattern& p :
         {SparsityPattern::banded(n, 1, 0), lattices::ring(n), SparsityPattern::banded(n, 0, 0)}) {
      const auto sparse = gradient({.sparsity = p});
      for (size_t i = 0; i < dense.first.size(); ++i) {
        CHECK(std::abs(sparse.first[i] - dense.first[i]) < 1e-8);
        CHECK(std::abs(sparse.second[i] - dense.second[i]) < 1e-8);
      }
    }
  }
  const Tensor a = track(a0);
  CHECK_THROWS_AS(implicit_root(residual(a, true), a0, {.sparsity = SparsityPattern::banded(4, 0, 0)}), ShapeError);
}

}  // namespace dimwise::solve_sparse_tests
