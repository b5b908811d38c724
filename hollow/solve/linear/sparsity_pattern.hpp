#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace dimwise {

/// Which entries of an n × n matrix may differ from 0: its columns in ascending order, row after row (CSR).
///
/// A copy is cheap and refers to the same entries.
///
/// Example, a ring: `SparsityPattern(3, {0, 0, 1, 1, 2, 2}, {0, 1, 1, 2, 2, 0})`.
class SparsityPattern {
 public:
  /// The entries (rows[k], columns[k]); repeated ones count once. Throws ValueError for indices outside of the matrix
  /// and lists of different lengths.
  SparsityPattern(int64_t n, const std::vector<int64_t>& rows, const std::vector<int64_t>& columns);
  /// The entries (i, j) with −lower ≤ j − i ≤ upper. Throws ValueError for negative widths.
  static SparsityPattern banded(int64_t n, int64_t lower, int64_t upper);

  int64_t size() const { return data_->n; }
  int64_t nonzeros() const { return static_cast<int64_t>(data_->columns.size()); }
  /// Row i has the entries begins()[i] … begins()[i + 1] − 1, in columns()[those].
  const std::vector<int64_t>& begins() const { return data_->begins; }
  const std::vector<int64_t>& columns() const { return data_->columns; }
  /// The rows of the entries, as many as columns().
  std::vector<int64_t> rows() const;
  bool contains(int64_t row, int64_t column) const;
  /// The largest i − j and j − i of an entry; at least 0.
  int64_t lower_bandwidth() const { return data_->lower; }
  int64_t upper_bandwidth() const { return data_->upper; }
  SparsityPattern transposed() const;

  /// Colors of the columns from 0 on, such that no row has entries in two columns of one color: the products with as
  /// many vectors of zeros and ones give all entries (Curtis, Powell & Reid 1974). Greedy, the columns with the most
  /// neighbors first (Coleman & Moré 1983). Computed once.
  const std::vector<int64_t>& column_colors() const;
  /// The same for the rows, and products with the transposed matrix.
  const std::vector<int64_t>& row_colors() const;
  friend bool operator==(const SparsityPattern& a, const SparsityPattern& b) {
    return a.data_ == b.data_ || (a.begins() == b.begins() && a.columns() == b.columns());
  }

 private:
  struct Data {
    int64_t n = 0, lower = 0, upper = 0;
    std::vector<int64_t> begins, columns;
    struct Colors;
    std::shared_ptr<Colors> colors;
  };
  explicit SparsityPattern(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  static std::shared_ptr<const Data> make(int64_t n, std::vector<int64_t> begins, std::vector<int64_t> columns);

  std::shared_ptr<const Data> data_;
};

}  // namespace dimwise
