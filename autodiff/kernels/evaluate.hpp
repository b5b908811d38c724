#pragma once
// Functions of tensors in one pass over memory. Included by .cpp files only.
//
// A lambda on batches is compiled into two loops for each dtype: one in which all operands advance along a row, and one
// in which some are repeated. An expensive lambda has only the second one, whose overhead it hides. The iteration over
// rows and the sums over them are not templates: they call these loops.

#include <algorithm>
#include <concepts>
#include <span>
#include <tuple>

#include "autodiff/kernels/broadcast.hpp"
#include "autodiff/kernels/expression.hpp"

namespace dimwise {

/// f over a row: y[i] = f(x[i]…) for n elements and up to the end of the last batch. `moving`: all operands advance.
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
using Kernel = std::tuple<RowFunction<float>, RowFunction<double>>;
template <class F, size_t N, bool two_loops>
inline constexpr Kernel kernel_of{detail::row<float, F, N, two_loops>, detail::row<double, F, N, two_loops>};

/// A tensor that is read. Its memory may have been donated to the result.
struct Source {
  const Shape& shape;
  const void* data;
  Source(const Tensor& x) : shape(x.shape()), data(x.node()->buffer.data()) {}  // NOLINT(google-explicit-constructor)
};
using Sources = std::span<const Source>;

/// y = f(x…), all operands broadcast to y's shape. y's memory may be that of operands of its shape.
void evaluate(const Tensor& y, const Kernel& f, Sources x);
template <bool two_loops = true, class F, size_t N>
void evaluate(const Tensor& y, F, const Source (&x)[N]) {
  static_assert(N <= Broadcast::max_operands);
  evaluate(y, kernel_of<F, N, two_loops>, Sources(x));
}
template <class F, std::convertible_to<Source>... X>
void evaluate(const Tensor& y, F f, const X&... x) {
  const Source sources[] = {Source(x)...};
  evaluate(y, f, sources);
}

/// y = Σ f(x…), all operands broadcast to `full`, summed down to y's shape, in blocks whose sums are added in float64.
void evaluate_sum(const Tensor& y, const Shape& full, const Kernel& f, Sources x);
template <class F, std::convertible_to<Source>... X>
void evaluate_sum(const Tensor& y, const Shape& full, F, const X&... x) {
  const Source sources[] = {Source(x)...};
  evaluate_sum(y, full, kernel_of<F, sizeof...(X), true>, Sources(sources));
}
/// y = Σ x down to y's shape, likewise; y = max x, NaN if one of the elements is NaN.
void evaluate_sum(const Tensor& y, const Tensor& x);
void evaluate_max(const Tensor& y, const Tensor& x);
/// x[0] + … + x[n − 1] of a row, in several accumulators.
double sum_row(const float* x, int64_t n);
double sum_row(const double* x, int64_t n);

/// Rows shorter than `short_row` are evaluated together, in blocks of `block` elements.
inline constexpr int64_t short_row = 512, block = 1024;

/// The operands of a part of a broadcast, in the form the loops take: a pointer into the tensor, one repeated batch, or
/// a contiguous copy of short rows.
template <class T>
class RowOperands {
 public:
  RowOperands(const Broadcast& plan, Sources x) : plan_(plan), x_(x) {}
  RowOperands(const RowOperands&) = delete;
  RowOperands& operator=(const RowOperands&) = delete;

  void set(const Broadcast::Part& p) {
    moving_ = true;
    for (size_t k = 0; k < x_.size(); ++k) {
      const T* const from = static_cast<const T*>(x_[k].data) + p.at[k];
      const bool moves = plan_.moves[k];
      const int64_t step = p.rows > 1 ? plan_.step_of(static_cast<int>(k)) : moves ? p.n : 0;
      Operand<T>& x = operands_[k];
      if (moves && step == p.n) {
        x = {from, ~size_t{0}};
      } else if (!moves && step == 0) {
        Batch<T>(*from).store_aligned(packed_[k]);
        x = {packed_[k], 0};
        moving_ = false;
      } else {
        T* to = packed_[k];
        x = {to, ~size_t{0}};
        if (step == 0 && from == copied_[k] && p.rows <= rows_[k]) continue;
        for (int64_t r = 0; r < p.rows; ++r, to += p.n)
          if (moves)
            std::copy_n(from + r * step, p.n, to);
          else
            std::fill_n(to, p.n, from[r * step]);
        copied_[k] = from;
        rows_[k] = p.rows;
      }
    }
  }
  const Operand<T>* data() const { return operands_; }
  bool moving() const { return moving_; }

 private:
  const Broadcast& plan_;
  Sources x_;
  Operand<T> operands_[Broadcast::max_operands];
  const T* copied_[Broadcast::max_operands]{};  // the last copies, by number of rows
  int64_t rows_[Broadcast::max_operands]{};
  alignas(64) T packed_[Broadcast::max_operands][block + 64 / sizeof(T)];
  bool moving_ = true;
};

/// Calls body(offset, n, operands) for parts of a result of shape `y`, in memory order: n elements from `offset` on.
template <class T, class Body>
void each_part(const Shape& y, Sources x, Body&& body) {
  if (y.size() == 0) return;
  const Shape* shapes[Broadcast::max_operands];
  for (size_t k = 0; k < x.size(); ++k) shapes[k] = &x[k].shape;
  const Broadcast plan(y, {shapes, x.size()});
  RowOperands<T> operands(plan, x);
  int64_t offset = 0;
  plan.parts(short_row, std::max(plan.row, block), [&](const Broadcast::Part& p) {
    operands.set(p);
    body(offset, p.n * p.rows, operands);
    offset += p.n * p.rows;
  });
}

}  // namespace dimwise
