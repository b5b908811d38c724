#pragma once
// Loops over contiguous memory: one pass an op. Included by .cpp files only.

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <utility>
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

/// How operands run over a broadcast result: an odometer of outer axes around rows in which each operand either
/// advances by one or stands still.
struct Broadcast {
  static constexpr int max_operands = 6;
  int count = 0;  // operands
  int rank = 0;   // outer axes
  int64_t dims[Shape::max_rank]{}, step[max_operands][Shape::max_rank]{};
  int64_t row = 1;
  bool vector[max_operands]{true, true, true, true, true, true};
  bool all_vectors = true;

  Broadcast(const Shape& out, std::span<const Shape* const> operands);
  Broadcast(const Shape& out, std::initializer_list<const Shape*> operands)
      : Broadcast(out, std::span<const Shape* const>(operands.begin(), operands.size())) {}

  /// body(out, operands): offsets of the start of each row.
  template <class Body>
  void rows(Body&& body) const {
    int64_t index[Shape::max_rank]{}, offset = 0, at[max_operands]{}, total = 1;
    for (int i = 0; i < rank; ++i) total *= dims[i];
    for (int64_t r = 0; r < total; ++r) {
      body(offset, static_cast<const int64_t*>(at));
      offset += row;
      for (int axis = rank - 1; axis >= 0; --axis) {
        const bool inside = ++index[axis] < dims[axis];
        const int64_t jump = inside ? 1 : 1 - dims[axis];
        for (int k = 0; k < count; ++k) at[k] += jump * step[k][axis];
        if (inside) break;
        index[axis] = 0;
      }
    }
  }
};

/// Whether a value at the end of a row may be computed by itself: only by exact arithmetic, which rounds alike in
/// vectors and scalars.
enum class Tail : uint8_t { scalar, padded };

/// The batch of an operand at place i of a row of n elements; lanes beyond the row repeat its last element.
template <class T>
Batch<T> load_row(const T* p, bool vector, int64_t i, int64_t n) {
  if (!vector) return Batch<T>(*p);
  if (i + width<T> <= n) return load(p + i);
  alignas(64) T lane[width<T>];
  for (int64_t j = 0; j < width<T>; ++j) lane[j] = p[std::min(i + j, n - 1)];
  return Batch<T>::load_aligned(lane);
}
/// The first n lanes of a batch to memory.
template <class T>
void store_row(T* p, const Batch<T>& value, int64_t n) {
  if (n >= width<T>) return value.store_unaligned(p);
  alignas(64) T lane[width<T>];
  value.store_aligned(lane);
  std::copy_n(lane, n, p);
}

/// store(i, n, f(in[i]…)) for each batch of a row, n the number of its lanes that count.
template <class T, Tail tail, class F, class Store, size_t... K, class... In>
void run_row(const Broadcast& plan, F& f, Store&& store, std::index_sequence<K...>, const In*... in) {
  constexpr int64_t w = width<T>;
  int64_t i = 0;
  if (plan.all_vectors)
    for (; i + w <= plan.row; i += w) store(i, w, Batch<T>(f(load(in + i)...)));
  else
    for (; i + w <= plan.row; i += w) store(i, w, Batch<T>(f((plan.vector[K] ? load(in + i) : Batch<T>(*in))...)));
  if constexpr (tail == Tail::padded) {
    if (i < plan.row) store(i, plan.row - i, Batch<T>(f(load_row(in, plan.vector[K], i, plan.row)...)));
  } else {
    for (; i < plan.row; ++i) store(i, 1, static_cast<T>(f(in[plan.vector[K] ? i : 0]...)));
  }
}

/// out[i] = f(in[·]…) with all operands broadcast.
template <class T, Tail tail = Tail::scalar, class F, class... In>
void zip(const Broadcast& plan, T* out, F f, const In*... in) {
  if (plan.row == 0) return;
  const auto go = [&]<size_t... K>(std::index_sequence<K...> all) {
    plan.rows([&](int64_t o, const int64_t* at) {
      T* y = out + o;
      const auto store = [y](int64_t i, [[maybe_unused]] int64_t n, auto value) {
        if constexpr (std::is_same_v<decltype(value), T>)
          y[i] = value;
        else
          store_row(y + i, value, n);
      };
      run_row<T, tail>(plan, f, store, all, (in + at[K])...);
    });
  };
  go(std::index_sequence_for<In...>{});
}

/// Σ of f(in[·]…), all operands broadcast to a common shape, over the axes along which the last operand of the plan,
/// the result, stands still.
template <class T, Tail tail = Tail::scalar, class F, class... In>
void zip_sum(const Broadcast& plan, T* out, int64_t size, F f, const In*... in) {
  std::fill_n(out, size, T(0));
  if (plan.row == 0) return;
  constexpr size_t result = sizeof...(In);
  const auto go = [&]<size_t... K>(std::index_sequence<K...> all) {
    plan.rows([&](int64_t, const int64_t* at) {
      T* y = out + at[result];
      Batch<T> sums(T(0));
      T rest = 0;
      const auto add = [&](int64_t i, [[maybe_unused]] int64_t n, auto value) {
        if constexpr (std::is_same_v<decltype(value), T>) {
          (plan.vector[result] ? y[i] : rest) += value;
        } else if (n == width<T>) {
          if (plan.vector[result])
            (load(y + i) + value).store_unaligned(y + i);
          else
            sums += value;
        } else {
          alignas(64) T lane[width<T>];
          value.store_aligned(lane);
          for (int64_t j = 0; j < n; ++j) (plan.vector[result] ? y[i + j] : rest) += lane[j];
        }
      };
      run_row<T, tail>(plan, f, add, all, (in + at[K])...);
      if (!plan.vector[result]) *y += xsimd::hadd(sums) + rest;
    });
  };
  go(std::index_sequence_for<In...>{});
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
