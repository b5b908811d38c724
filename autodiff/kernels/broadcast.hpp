#pragma once
// Included by .cpp files only.

#include <algorithm>
#include <cstdint>
#include <span>

#include "autodiff/shape.hpp"

namespace dimwise {

/// How operands run over a broadcast result: outer axes around rows in which each operand moves on with the result or
/// stays at one element. Neighbouring axes over which all operands go on in step are one axis.
struct Broadcast {
  static constexpr int max_operands = 6;
  static constexpr int64_t block = 512;      ///< elements of a part of several rows
  static constexpr int64_t short_row = 128;  ///< rows below this are taken together

  int count = 0;  ///< operands
  int rank = 0;   ///< outer axes
  int64_t row = 1;
  int64_t dims[Shape::max_rank], step[max_operands][Shape::max_rank];
  bool moves[max_operands];

  Broadcast(const Shape& out, std::span<const Shape* const> operands);

  /// `rows` rows of n elements: operand k begins at at[k], and a row later lies step(k) further.
  struct Part {
    const int64_t* at;
    int64_t n, rows;
  };
  /// Elements from one of a part's rows to the next.
  int64_t step_of(int operand) const { return rank > 0 ? step[operand][rank - 1] : 0; }

  /// body(operands' offsets) for each place along the first `axes` outer axes, the last one fastest.
  template <class Body>
  void walk(int axes, Body&& body) const {
    int64_t index[Shape::max_rank]{}, at[max_operands]{}, total = row == 0 ? 0 : 1;
    for (int axis = 0; axis < axes; ++axis) total *= dims[axis];
    for (int64_t i = 0; i < total; ++i) {
      body(static_cast<const int64_t*>(at));
      for (int axis = axes - 1; axis >= 0; --axis) {
        const bool inside = ++index[axis] < dims[axis];
        for (int k = 0; k < count; ++k) at[k] += inside ? step[k][axis] : step[k][axis] * (1 - dims[axis]);
        if (inside) break;
        index[axis] = 0;
      }
    }
  }

  /// body(part) for all elements: several short rows, or up to `longest` elements of a row; in the order of the result
  /// if that is a whole row.
  template <class Body>
  void parts(int64_t longest, Body&& body) const {
    if (row == 0) return;
    if (rank == 0 || row >= short_row) {
      for (int64_t first = 0; first < row; first += longest)
        walk(rank, [&](const int64_t* row_at) {
          int64_t at[max_operands];
          for (int k = 0; k < count; ++k) at[k] = row_at[k] + (moves[k] ? first : 0);
          body(Part{at, std::min(longest, row - first), 1});
        });
      return;
    }
    const int last = rank - 1;
    const int64_t together = std::min(block / row, dims[last]);
    walk(last, [&](const int64_t* first_at) {
      for (int64_t r = 0; r < dims[last]; r += together) {
        int64_t at[max_operands];
        for (int k = 0; k < count; ++k) at[k] = first_at[k] + r * step[k][last];
        body(Part{at, row, std::min(together, dims[last] - r)});
      }
    });
  }
};

}  // namespace dimwise
