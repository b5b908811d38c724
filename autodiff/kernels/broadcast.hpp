#pragma once
// Included by .cpp files only.

#include <algorithm>
#include <cstdint>
#include <span>

#include "autodiff/base/shape.hpp"

namespace dimwise {

/// The iteration of operands over a broadcast result: outer axes around rows in which each operand either advances with
/// the result or repeats one element. Neighboring axes over which all operands have a common stride are merged.
struct Broadcast {
  static constexpr int max_operands = 6;

  int count = 0;  ///< operands
  int rank = 0;   ///< outer axes
  int64_t row = 1;
  int64_t dims[Shape::max_rank], step[max_operands][Shape::max_rank];
  bool moves[max_operands];

  Broadcast(const Shape& out, std::span<const Shape* const> operands);

  /// `rows` rows of n elements: operand k begins at at[k], and its next row is step(k) elements further.
  struct Part {
    const int64_t* at;
    int64_t n, rows;
  };
  /// The stride from one of a part's rows to the next, in elements.
  int64_t step_of(int operand) const { return rank > 0 ? step[operand][rank - 1] : 0; }

  /// Calls body(operands' offsets) for each position along the first `axes` outer axes, the last one fastest.
  template <class Body>
  void walk(int axes, Body&& body) const {
    int64_t at[max_operands]{};
    if (row > 0) walk_from(0, axes, at, body);
  }

  /// Calls body(part) for all elements: rows shorter than `short_row` are grouped, longer ones are split, into parts of
  /// at most `most` elements. In the order of the result if a part is a whole row.
  template <class Body>
  void parts(int64_t short_row, int64_t most, Body&& body) const {
    const int last = rank - 1;
    const int64_t together = rank > 0 && row > 0 && row < short_row ? std::min(most / row, dims[last]) : 1;
    for (int64_t first = 0; first < row; first += most)
      walk(together > 1 ? last : rank, [&](const int64_t* from) {
        int64_t at[max_operands];
        for (int64_t r = 0; r < (together > 1 ? dims[last] : 1); r += together) {
          for (int k = 0; k < count; ++k) at[k] = from[k] + (moves[k] ? first : 0) + (r > 0 ? r * step[k][last] : 0);
          body(Part{at, std::min(most, row - first), together > 1 ? std::min(together, dims[last] - r) : 1});
        }
      });
  }

 private:
  template <class Body>
  void walk_from(int axis, int axes, int64_t* at, Body& body) const {
    if (axis == axes || axis == Shape::max_rank) return body(static_cast<const int64_t*>(at));
    for (int64_t i = 0; i < dims[axis]; ++i) {
      walk_from(axis + 1, axes, at, body);
      for (int k = 0; k < count; ++k) at[k] += step[k][axis];
    }
    for (int k = 0; k < count; ++k) at[k] -= dims[axis] * step[k][axis];
  }
};

}  // namespace dimwise
