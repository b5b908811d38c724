#include "autodiff/kernels/broadcast.hpp"

#include <algorithm>

namespace dimwise {

Broadcast::Broadcast(const Shape& out, std::span<const Shape* const> operands) {
  count = static_cast<int>(operands.size());
  bool one_row = true;
  for (int k = 0; k < count; ++k) {
    const Shape& shape = *operands[static_cast<size_t>(k)];
    moves[k] = shape == out;
    one_row = one_row && (moves[k] || shape.rank() == 0);
  }
  if (one_row) {
    row = out.size();
    return;
  }
  struct Axis {
    int64_t n;
    int64_t step[max_operands];
  };
  Axis axes[Shape::max_rank];
  int found = 0;
  int64_t stride[max_operands];
  std::fill_n(stride, count, 1);
  // Starting at the last axis, neighboring axes over which all operands have a common stride are merged.
  for (int i = 1; i <= out.rank(); ++i) {
    const int64_t n = out[out.rank() - i];
    Axis next{n, {}};
    bool joins = found > 0;
    int k = 0;
    for (const Shape* s : operands) {
      const int64_t length = i <= s->rank() ? (*s)[s->rank() - i] : 1;
      next.step[k] = length == 1 ? 0 : stride[k];
      stride[k] *= length;
      if (found > 0) joins = joins && next.step[k] == axes[found - 1].step[k] * axes[found - 1].n;
      ++k;
    }
    if (n == 1) continue;
    if (joins)
      axes[found - 1].n *= n;
    else
      axes[found++] = next;
  }
  row = found > 0 ? axes[0].n : 1;
  for (int k = 0; k < count; ++k) moves[k] = found > 0 && axes[0].step[k] != 0;
  rank = std::max(found - 1, 0);
  for (int i = 0; i < rank; ++i) {
    const Axis& axis = axes[found - 1 - i];
    dims[i] = axis.n;
    for (int k = 0; k < count; ++k) step[k][i] = axis.step[k];
  }
}

}  // namespace dimwise
