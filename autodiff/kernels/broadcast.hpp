#pragma once
// Included by .cpp files only.

#include <cstdint>
#include <span>

#include "autodiff/shape.hpp"

namespace dimwise {

/// How operands run over a broadcast result: outer axes around rows in which each operand moves on with the result or
/// stays at one element. Neighbouring axes over which all operands go on in step are one axis.
struct Broadcast {
  static constexpr int max_operands = 6;
  int count = 0;  ///< operands
  int rank = 0;   ///< outer axes
  int64_t dims[Shape::max_rank]{}, step[max_operands][Shape::max_rank]{};
  int64_t row = 1;
  bool moves[max_operands]{true, true, true, true, true, true};

  Broadcast(const Shape& out, std::span<const Shape* const> operands);

  /// body(operands) for each place along the outer axes for which use(axis) holds, the last one fastest: the offsets of
  /// the operands there, from those in `start`.
  template <class Use, class Body>
  void walk(const int64_t* start, Use&& use, Body&& body) const {
    int axes[Shape::max_rank], n = 0;
    int64_t total = row == 0 ? 0 : 1, index[Shape::max_rank]{}, at[max_operands];
    for (int axis = 0; axis < rank; ++axis)
      if (use(axis)) {
        total *= dims[axis];
        axes[n++] = axis;
      }
    for (int k = 0; k < count; ++k) at[k] = start[k];
    if (n == 0 || total == 0) {
      if (total > 0) body(static_cast<const int64_t*>(at));
      return;
    }
    const int inner = axes[--n];
    total /= dims[inner];
    for (int64_t r = 0; r < total; ++r) {
      for (int64_t i = 0; i < dims[inner]; ++i) {
        body(static_cast<const int64_t*>(at));
        for (int k = 0; k < count; ++k) at[k] += step[k][inner];
      }
      for (int k = 0; k < count; ++k) at[k] -= dims[inner] * step[k][inner];
      for (int i = n - 1; i >= 0; --i) {
        const int axis = axes[i];
        const bool inside = ++index[i] < dims[axis];
        for (int k = 0; k < count; ++k) at[k] += inside ? step[k][axis] : step[k][axis] * (1 - dims[axis]);
        if (inside) break;
        index[i] = 0;
      }
    }
  }
};

}  // namespace dimwise
