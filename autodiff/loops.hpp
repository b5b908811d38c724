#pragma once
// Loops over contiguous memory: one pass an op. Included by .cpp files only.

#include <algorithm>
#include <cstdint>
#include <xsimd/xsimd.hpp>

#include "autodiff/node.hpp"

namespace dimwise::loops {

template <class T>
using Batch = xsimd::batch<T>;
template <class T>
inline constexpr int64_t width = static_cast<int64_t>(Batch<T>::size);

template <class T>
Batch<T> load(const T* p) {
  return Batch<T>::load_unaligned(p);
}

/// out[i] = f(in[i]…) over n elements of pooled, aligned buffers. The tail goes through a padded batch, so that a value
/// does not depend on its position.
template <class T, class F, class... In>
void map(int64_t n, T* out, F f, const In*... in) {
  constexpr int64_t w = width<T>;
  int64_t i = 0;
  for (; i + w <= n; i += w) Batch<T>(f(load(in + i)...)).store_unaligned(out + i);
  if (i == n) return;
  const auto padded = [&](const T* p) {
    alignas(64) T lane[w];
    for (int64_t j = 0; j < w; ++j) lane[j] = p[std::min(i + j, n - 1)];
    return Batch<T>::load_aligned(lane);
  };
  alignas(64) T lane[w];
  Batch<T>(f(padded(in)...)).store_aligned(lane);
  std::copy_n(lane, n - i, out + i);
}

/// How two operands run over a broadcast result: an odometer of outer axes around rows in which each operand either
/// advances by one or stands still.
struct Broadcast {
  int rank = 0;  // outer axes
  int64_t dims[Shape::max_rank]{}, step_a[Shape::max_rank]{}, step_b[Shape::max_rank]{};
  int64_t row = 1;
  bool vector_a = true, vector_b = true;

  Broadcast(const Shape& out, const Shape& a, const Shape& b);

  /// body(out, a, b): offsets of the start of each row.
  template <class Body>
  void rows(Body&& body) const {
    int64_t index[Shape::max_rank]{}, offset = 0, a = 0, b = 0, count = 1;
    for (int i = 0; i < rank; ++i) count *= dims[i];
    for (int64_t r = 0; r < count; ++r) {
      body(offset, a, b);
      offset += row;
      for (int axis = rank - 1; axis >= 0; --axis) {
        a += step_a[axis];
        b += step_b[axis];
        if (++index[axis] < dims[axis]) break;
        a -= step_a[axis] * dims[axis];
        b -= step_b[axis] * dims[axis];
        index[axis] = 0;
      }
    }
  }
};

/// out[i] = f(a[·], b[·], same[i]…) with a and b broadcast, `same` of out's shape. f is exact arithmetic, so the tail
/// of a row may be scalar.
template <class T, class F, class... Same>
void zip(const Broadcast& plan, T* out, F f, const T* a, const T* b, const Same*... same) {
  constexpr int64_t w = width<T>;
  const auto run = [&](auto vector_a, auto vector_b) {
    plan.rows([&](int64_t o, int64_t ia, int64_t ib) {
      const T *pa = a + ia, *pb = b + ib;
      const Batch<T> fixed_a(*pa), fixed_b(*pb);
      int64_t i = 0;
      for (; i + w <= plan.row; i += w) {
        Batch<T> x = fixed_a, y = fixed_b;
        if constexpr (vector_a()) x = load(pa + i);
        if constexpr (vector_b()) y = load(pb + i);
        Batch<T>(f(x, y, load(same + o + i)...)).store_unaligned(out + o + i);
      }
      for (; i < plan.row; ++i)
        out[o + i] = static_cast<T>(f(vector_a() ? pa[i] : *pa, vector_b() ? pb[i] : *pb, same[o + i]...));
    });
  };
  if (plan.row == 0) return;
  if (plan.vector_a)
    plan.vector_b ? run(std::true_type{}, std::true_type{}) : run(std::true_type{}, std::false_type{});
  else
    plan.vector_b ? run(std::false_type{}, std::true_type{}) : run(std::false_type{}, std::false_type{});
}

/// Sum of n contiguous elements, in several accumulators.
template <class T>
T sum(const T* x, int64_t n) {
  constexpr int64_t w = width<T>;
  T total = 0;
  int64_t i = 0;
  if (n >= 4 * w) {
    Batch<T> s0(T(0)), s1(T(0)), s2(T(0)), s3(T(0));
    for (; i + 4 * w <= n; i += 4 * w) {
      s0 += load(x + i);
      s1 += load(x + i + w);
      s2 += load(x + i + 2 * w);
      s3 += load(x + i + 3 * w);
    }
    alignas(64) T lane[w];
    ((s0 + s1) + (s2 + s3)).store_aligned(lane);
    for (int64_t j = 0; j < w; ++j) total += lane[j];
  }
  for (; i < n; ++i) total += x[i];
  return total;
}

/// out[o, j] = Σ_k x[o, k, j] for x of shape (outer, n, inner).
template <class T>
void sum_middle(const T* x, T* out, int64_t outer, int64_t n, int64_t inner) {
  for (int64_t o = 0; o < outer; ++o, x += n * inner, out += inner) {
    if (inner == 1) {
      *out = sum(x, n);
      continue;
    }
    std::fill_n(out, inner, T(0));
    for (int64_t k = 0; k < n; ++k)
      for (int64_t j = 0; j < inner; ++j) out[j] += x[k * inner + j];
  }
}

/// x reduced to `shape` (which broadcasts to x's), one run of neighbouring axes at a time, from the last:
/// reduce(x, out, outer, n, inner).
template <class T, class Reduce>
Tensor reduce_to(Tensor x, const Shape& shape, Reduce&& reduce) {
  const int extra = x.rank() - shape.rank();
  const Shape source = x.shape();
  const auto reduced = [&](int axis) { return axis < extra || (shape[axis - extra] == 1 && source[axis] != 1); };
  Shape current = source;
  for (int last = source.rank() - 1; last >= 0;) {
    if (!reduced(last)) {
      --last;
      continue;
    }
    int first = last;
    while (first > 0 && reduced(first - 1)) --first;
    int64_t n = 1;
    Shape next = current;
    for (int axis = first; axis <= last; ++axis) {
      n *= current[axis];
      next[axis] = 1;
    }
    Tensor result = empty(next, x.dtype());
    reduce(x.node()->data<T>(), mutable_data<T>(result), current.outer(first), n, current.inner(last));
    x = std::move(result);
    current = next;
    last = first - 1;
  }
  return share(x, shape);
}

}  // namespace dimwise::loops
