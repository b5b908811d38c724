#pragma once
// Functions of tensors in one pass over memory. Included by .cpp files only.
//
// A lambda on batches becomes two loops for each dtype, one where all operands move along a row and one where some are
// repeated, or that one alone where the lambda's own work hides what it costs. How rows lie in tensors, and sums over
// them, are not templates: they call these loops.

#include <algorithm>
#include <span>

#include "autodiff/kernels/broadcast.hpp"
#include "autodiff/kernels/expression.hpp"

namespace dimwise {

/// f over a row: y[i] = f(x[i]…) for n elements and on to the end of the last batch. `moving`: all operands move.
template <class T>
using RowFunction = void (*)(T* y, int64_t n, const Operand<T>* x, bool moving);

namespace detail {
template <class T, class F, size_t N, bool two_loops>
[[gnu::flatten, gnu::noinline]] void row(T* y, int64_t n, const Operand<T>* x, [[maybe_unused]] bool moving) {
  [&]<size_t... K>(std::index_sequence<K...>) {
    if constexpr (N > 1) {
      if (!two_loops || !moving) return void(Into<T>(y, n) = function(F{}, Repeated<T>(x[K])...));
    }
    Into<T>(y, n) = function(F{}, Elements<T>(x[K].data)...);
  }
  (std::make_index_sequence<N>());
}
}  // namespace detail

/// A lambda of N batches, for both dtypes.
struct Kernel {
  RowFunction<float> float32;
  RowFunction<double> float64;

  template <class T>
  RowFunction<T> get() const {
    if constexpr (std::is_same_v<T, float>)
      return float32;
    else
      return float64;
  }
};
template <class F, size_t N, bool two_loops>
inline constexpr Kernel kernel_of{detail::row<float, F, N, two_loops>, detail::row<double, F, N, two_loops>};

/// A tensor that is read: its memory may meanwhile be given to the result.
struct Source {
  const Shape& shape;
  const void* data;
  Source(const Tensor& x) : shape(x.shape()), data(x.node()->buffer.data()) {}  // NOLINT(google-explicit-constructor)
};
using Sources = std::span<const Source>;

/// y = f(x…), all operands broadcast to y's shape. y's memory may be that of operands of its shape.
void run(const Tensor& y, const Kernel& f, Sources x);
/// y = Σ f(x…), all operands broadcast to `full`, summed down to y's shape, in blocks whose sums are added in float64.
void run_sum(const Tensor& y, const Shape& full, const Kernel& f, Sources x);
/// y = Σ x down to y's shape, likewise; y = max x, NaN where there is one.
void evaluate_sum(const Tensor& y, const Tensor& x);
void evaluate_max(const Tensor& y, const Tensor& x);
/// x[0] + … + x[n − 1] of a short row, in several accumulators.
double sum_row(const float* x, int64_t n);
double sum_row(const double* x, int64_t n);

template <bool two_loops = true, class F, class... X>
void evaluate(const Tensor& y, F, const X&... x) {
  constexpr size_t n = sizeof...(X);
  static_assert(n <= Broadcast::max_operands);
  const Source sources[] = {Source(x)...};
  if (!std::all_of(sources, sources + n, [&](const Source& s) { return s.shape == y.shape(); }))
    return run(y, kernel_of<F, n, two_loops>, sources);
  dispatch(y.dtype(), [&](auto t) {
    using T = decltype(t);
    Operand<T> operands[n];
    for (size_t k = 0; k < n; ++k) operands[k] = {static_cast<const T*>(sources[k].data), ~size_t{0}};
    detail::row<T, F, n, two_loops>(mutable_data<T>(y), y.size(), operands, true);
  });
}
template <class F, class... X>
void evaluate_sum(const Tensor& y, const Shape& full, F, const X&... x) {
  const Source sources[] = {Source(x)...};
  run_sum(y, full, kernel_of<F, sizeof...(X), true>, sources);
}

/// Elements that are evaluated at once where rows are short or are reduced.
inline constexpr int64_t block = 512;

/// The operands of part of a result, as its loops take them.
template <class T>
class RowOperands {
 public:
  explicit RowOperands(Sources x) : x_(x) {}
  RowOperands(const RowOperands&) = delete;
  RowOperands& operator=(const RowOperands&) = delete;

  /// Operand k: its elements from `offset` on, or the one there.
  void set(size_t k, int64_t offset, bool moves) {
    const T* const p = static_cast<const T*>(x_[k].data) + offset;
    operands_[k] = {p, ~size_t{0}};
    if (moves) return;
    Batch<T>(*p).store_aligned(packed_[k]);
    operands_[k] = {packed_[k], 0};
    moving_ = false;
  }
  /// Operand k: `rows` rows of n elements, which lie `step` apart; an operand that does not move has one element a row.
  void set_rows(size_t k, int64_t offset, bool moves, int64_t n, int64_t rows, int64_t step) {
    if (moves == (step != 0) && (!moves || step == n)) return set(k, offset, moves);
    const T* from = static_cast<const T*>(x_[k].data) + offset;
    T* to = packed_[k];
    operands_[k] = {to, ~size_t{0}};
    for (int64_t r = 0; r < rows; ++r, from += step, to += n)
      for (int64_t j = 0; j < n; ++j) to[j] = from[moves ? j : 0];
  }
  const Operand<T>* data() const { return operands_; }
  bool moving() const { return moving_; }

 private:
  Sources x_;
  Operand<T> operands_[Broadcast::max_operands];
  alignas(64) T packed_[Broadcast::max_operands][block + 64 / sizeof(T)];
  bool moving_ = true;
};

/// The operands of a whole result, where all have its shape or one element.
template <class T>
class OneRow {
 public:
  OneRow(const Shape& y, Sources x) {
    for (size_t k = 0; k < x.size(); ++k) {
      const T* const p = static_cast<const T*>(x[k].data);
      if (x[k].shape == y) {
        operands_[k] = {p, ~size_t{0}};
      } else if (x[k].shape.size() == 1) {
        Batch<T>(*p).store_aligned(repeated_[k]);
        operands_[k] = {repeated_[k], 0};
        moving_ = false;
      } else {
        applies_ = false;
        return;
      }
    }
  }
  OneRow(const OneRow&) = delete;
  OneRow& operator=(const OneRow&) = delete;

  explicit operator bool() const { return applies_; }
  const Operand<T>* data() const { return operands_; }
  bool moving() const { return moving_; }

 private:
  Operand<T> operands_[Broadcast::max_operands];
  alignas(64) T repeated_[Broadcast::max_operands][static_cast<size_t>(width<T>)];
  bool moving_ = true, applies_ = true;
};

/// body(offset, n, operands) for parts of a result of shape `y`, in the order of its memory: n elements from `offset`
/// on. One part where all operands have y's shape or one element; else rows, or several short ones, whose operands are
/// copied to lie as the result does.
template <class T, class Body>
void each_row(const Shape& y, Sources x, Body&& body) {
  if (y.size() == 0) return;
  if (OneRow<T> all(y, x); all) return body(int64_t{0}, y.size(), all);
  RowOperands<T> operands(x);
  const Shape* shapes[Broadcast::max_operands];
  for (size_t k = 0; k < x.size(); ++k) shapes[k] = &x[k].shape;
  const Broadcast plan(y, {shapes, x.size()});
  const int64_t start[Broadcast::max_operands]{};
  int64_t offset = 0;
  const int last = plan.rank - 1;
  const bool short_rows = last >= 0 && plan.row < 4 * width<T>;
  const int64_t together = short_rows ? std::min(block / plan.row, plan.dims[last]) : 1;
  plan.walk(
      start, [&](int axis) { return together == 1 || axis != last; },
      [&](const int64_t* at) {
        if (together == 1) {
          for (size_t k = 0; k < x.size(); ++k) operands.set(k, at[k], plan.moves[k]);
          body(offset, plan.row, operands);
          offset += plan.row;
          return;
        }
        for (int64_t r = 0; r < plan.dims[last]; r += together) {
          const int64_t rows = std::min(together, plan.dims[last] - r);
          for (size_t k = 0; k < x.size(); ++k)
            operands.set_rows(k, at[k] + r * plan.step[k][last], plan.moves[k], plan.row, rows, plan.step[k][last]);
          body(offset, rows * plan.row, operands);
          offset += rows * plan.row;
        }
      });
}

}  // namespace dimwise
