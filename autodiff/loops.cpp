#include "autodiff/loops.hpp"

namespace dimwise::loops {

Broadcast::Broadcast(const Shape& out, const Shape& a, const Shape& b) {
  if (out == a && out == b) {
    row = out.size();
    return;
  }
  struct Axis {
    int64_t n, a, b;
  };
  Axis axes[Shape::max_rank + 1];
  int count = 0;
  int64_t stride_a = 1, stride_b = 1;
  // From the last axis on, neighbours over which both operands go on in step are one axis.
  for (int i = 1; i <= out.rank(); ++i) {
    const int64_t n = out[out.rank() - i];
    const int64_t na = i <= a.rank() ? a[a.rank() - i] : 1, nb = i <= b.rank() ? b[b.rank() - i] : 1;
    const Axis next{n, na == 1 ? 0 : stride_a, nb == 1 ? 0 : stride_b};
    stride_a *= na;
    stride_b *= nb;
    if (n == 1) continue;
    if (count > 0) {
      Axis& last = axes[count - 1];
      if (next.a == last.a * last.n && next.b == last.b * last.n) {
        last.n *= n;
        continue;
      }
    }
    axes[count++] = next;
  }
  if (count == 0) return;
  row = axes[0].n;
  vector_a = axes[0].a != 0;
  vector_b = axes[0].b != 0;
  rank = count - 1;
  for (int i = 0; i < rank; ++i) {
    const Axis& axis = axes[count - 1 - i];
    dims[i] = axis.n;
    step_a[i] = axis.a;
    step_b[i] = axis.b;
  }
}

}  // namespace dimwise::loops
