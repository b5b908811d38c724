#include "autodiff/kernels/evaluate.hpp"

#include <algorithm>
#include <limits>

namespace dimwise {

namespace {

struct Sum {
  template <class X>
  static X combine(const X& a, const X& b) {
    return a + b;
  }
  template <class T>
  static T across(const Batch<T>& x) {
    return xsimd::hadd(x);
  }
  template <class T>
  static constexpr T neutral = -T(0);  // −0 + x is x, also for x = −0
};
struct Max {
  template <class T>
  static Batch<T> combine(const Batch<T>& a, const Batch<T>& b) {
    return xsimd::select(b > a, b, xsimd::select(b == b, a, b));
  }
  template <class T>
  requires std::is_floating_point_v<T>
  static T combine(T a, T b) { return ((b > a) | (b != b)) ? b : a; }
  template <class T>
  static T across(const Batch<T>& x) {
    alignas(64) T lane[static_cast<size_t>(width<T>)];
    x.store_aligned(lane);
    T y = lane[0];
    for (const T v : lane) y = combine(y, v);
    return y;
  }
  template <class T>
  static constexpr T neutral = -std::numeric_limits<T>::infinity();
};

// The type in which parts of type T are combined: a long sum needs more digits.
template <class R, class T>
using Total = std::conditional_t<std::is_same_v<R, Sum>, double, T>;

// The number of elements combined in T: 32 by each lane of four batches.
template <class T>
constexpr int64_t most = 128 * width<T>;

// x[0] ∘ … ∘ x[n − 1].
template <class R, class T>
T reduce_block(const T* x, int64_t n) {
  constexpr int64_t w = width<T>;
  const auto load = [&](int64_t i) { return Batch<T>::load_unaligned(x + i); };
  T total = R::template neutral<T>;
  int64_t i = 0;
  if (n >= w) {
    Batch<T> s0 = load(0);
    i = w;
    if (n >= 4 * w) {
      Batch<T> s[] = {s0, load(w), load(2 * w), load(3 * w)};
      for (i = 4 * w; i + 4 * w <= n; i += 4 * w)
        for (int k = 0; k < 4; ++k) s[k] = R::combine(s[k], load(i + k * w));
      s0 = R::combine(R::combine(s[0], s[1]), R::combine(s[2], s[3]));
    }
    for (; i + w <= n; i += w) s0 = R::combine(s0, load(i));
    total = R::across(s0);
  }
  for (; i < n; ++i) total = R::combine(total, x[i]);
  return total;
}
template <class R, class T>
Total<R, T> reduce_row(const T* x, int64_t n) {
  Total<R, T> total = R::template neutral<T>;
  for (int64_t first = 0; first < n; first += most<T>)
    total = R::combine(total, static_cast<Total<R, T>>(reduce_block<R>(x + first, std::min(most<T>, n - first))));
  return total;
}

// to[i] = a[i] ∘ b[i] for n elements; `to` may be a or b.
template <class R, class T>
void combine_rows(T* to, const T* a, const T* b, int64_t n) {
  const Batch<T> after = Batch<T>::load_unaligned(to + n);
  Into<T>(to, n) =
      function([](const auto& p, const auto& q) { return R::combine(p, q); }, Elements<T>(a), Elements<T>(b));
  after.store_unaligned(to + n);
}
template <class R>
void combine_rows(double* to, const double* a, const float* b, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = R::combine(a[i], static_cast<double>(b[i]));
}

// `rows` contiguous rows of n at x, reduced pairwise to one at `to`, which may be x.
template <class R, class T>
const T* reduce_rows(const T* x, int64_t n, int64_t rows, T* to) {
  for (; rows > 1; rows = (rows + 1) / 2, x = to) {
    const int64_t half = rows / 2 * n, rest = (rows + 1) / 2 * n;
    combine_rows<R>(to, x, x + rest, half);
    if (x != to) std::copy(x + half, x + rest, to + half);  // the unpaired row, if their number is odd
  }
  return x;
}

// y = the reduction of f(x…), or of the one operand x itself if f is null, over the axes along which y is repeated.
template <class R, class T>
void reduce(const Tensor& y, const Shape& full, RowFunction<T> f, Sources x) {
  const size_t result = x.size();
  const Shape* shapes[Broadcast::max_operands];
  for (size_t k = 0; k < result; ++k) shapes[k] = &x[k].shape;
  shapes[result] = &y.shape();
  const Broadcast plan(full, {shapes, result + 1});
  const bool moves = plan.moves[result];
  RowOperands<T> operands(plan, x);
  Total<R, T>* total = nullptr;
  Total<R, T> one = 0;
  Tensor many;
  if constexpr (std::is_same_v<Total<R, T>, T>)
    total = mutable_data<T>(y);
  else
    total = y.size() == 1 ? &one : mutable_data<double>(many = empty(y.shape(), DType::float64));
  std::fill_n(total, y.size(), R::template neutral<T> + T(full.size() == 0 ? 0 : -0.0));  // an empty sum is 0
  alignas(64) T values[std::max(most<T>, block) + 64 / sizeof(T)];
  // Without f, rows are contiguous, and larger parts are reduced at a time.
  const int64_t below = f ? short_row : most<T>, at_once = f ? block : moves ? most<T> : std::max(plan.row, most<T>);
  plan.parts(below, at_once, [&](const Broadcast::Part& p) {
    operands.set(p);
    const T* v = operands.data()[0].data;
    if (f) f(values, p.n * p.rows, operands.data(), operands.moving()), v = values;
    Total<R, T>* const to = total + p.at[result];
    const int64_t step = plan.step_of(static_cast<int>(result));
    if (moves && step == 0)
      combine_rows<R>(to, to, reduce_rows<R>(v, p.n, p.rows, values), p.n);
    else if (moves)
      combine_rows<R>(to, to, v, p.n * p.rows);
    else
      for (int64_t r = 0; r < p.rows; ++r) to[r * step] = R::combine(to[r * step], reduce_row<R>(v + r * p.n, p.n));
  });
  if (static_cast<const void*>(total) != mutable_data<T>(y)) std::copy_n(total, y.size(), mutable_data<T>(y));
}

template <class R>
void reduce(const Tensor& y, const Tensor& x) {
  const Source source[] = {x};
  dispatch(y.dtype(), [&](auto t) { reduce<R, decltype(t)>(y, x.shape(), nullptr, source); });
}

}  // namespace

void evaluate(const Tensor& y, const Kernel& f, Sources x) {
  dispatch(y.dtype(), [&](auto t) {
    using T = decltype(t);
    T* const out = mutable_data<T>(y);
    if (std::all_of(x.begin(), x.end(), [&](const Source& s) { return s.shape == y.shape(); })) {
      Operand<T> operands[Broadcast::max_operands];
      for (size_t k = 0; k < x.size(); ++k) operands[k] = {static_cast<const T*>(x[k].data), ~size_t{0}};
      return std::get<RowFunction<T>>(f)(out, y.size(), operands, true);
    }
    // The values that a part writes beyond its end are overwritten by the next part, unless they are still to be read.
    const bool in_place = std::any_of(x.begin(), x.end(), [&](const Source& s) { return s.data == out; });
    each_part<T>(y.shape(), x, [&](int64_t offset, int64_t n, const RowOperands<T>& operands) {
      T *const row = out + offset, *const end = row + n;
      const Batch<T> after = in_place ? Batch<T>::load_unaligned(end) : Batch<T>(T(0));
      std::get<RowFunction<T>>(f)(row, n, operands.data(), operands.moving());
      if (in_place) after.store_unaligned(end);
    });
  });
}

void evaluate_sum(const Tensor& y, const Shape& full, const Kernel& f, Sources x) {
  if (y.shape() == full) return evaluate(y, f, x);
  dispatch(y.dtype(), [&](auto t) { reduce<Sum, decltype(t)>(y, full, std::get<RowFunction<decltype(t)>>(f), x); });
}
void evaluate_sum(const Tensor& y, const Tensor& x) { reduce<Sum>(y, x); }
void evaluate_max(const Tensor& y, const Tensor& x) { reduce<Max>(y, x); }

double sum_row(const float* x, int64_t n) { return reduce_row<Sum>(x, n); }
double sum_row(const double* x, int64_t n) { return reduce_row<Sum>(x, n); }

}  // namespace dimwise
