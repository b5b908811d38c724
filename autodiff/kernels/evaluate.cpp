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
  static constexpr double neutral = 0;
};
struct Max {
  template <class T>
  static Batch<T> combine(const Batch<T>& a, const Batch<T>& b) {
    return xsimd::select(b > a, b, xsimd::select(b == b, a, b));
  }
  template <class T>
  requires std::is_floating_point_v<T>
  static T combine(T a, T b) { return b > a || b != b ? b : a; }
  template <class T>
  static T across(const Batch<T>& x) {
    alignas(64) T lane[static_cast<size_t>(width<T>)];
    x.store_aligned(lane);
    T y = lane[0];
    for (const T v : lane) y = combine(y, v);
    return y;
  }
  static constexpr double neutral = -std::numeric_limits<double>::infinity();
};

// x[0] ∘ … ∘ x[n − 1].
template <class R, class T>
T reduce_row(const T* x, int64_t n) {
  constexpr int64_t w = width<T>;
  const auto load = [&](int64_t i) { return Batch<T>::load_unaligned(x + i); };
  T total = static_cast<T>(R::neutral);
  int64_t i = 0;
  if (n >= w) {
    Batch<T> s0 = load(0);
    i = w;
    if (n >= 4 * w) {
      Batch<T> s1 = load(w), s2 = load(2 * w), s3 = load(3 * w);
      for (i = 4 * w; i + 4 * w <= n; i += 4 * w) {
        s0 = R::combine(s0, load(i));
        s1 = R::combine(s1, load(i + w));
        s2 = R::combine(s2, load(i + 2 * w));
        s3 = R::combine(s3, load(i + 3 * w));
      }
      s0 = R::combine(R::combine(s0, s1), R::combine(s2, s3));
    }
    for (; i + w <= n; i += w) s0 = R::combine(s0, load(i));
    total = R::across(s0);
  }
  for (; i < n; ++i) total = R::combine(total, x[i]);
  return total;
}

// `rows` rows of n at x, one after another, reduced pairwise to one at `to`, which may be x.
template <class R, class T>
const T* reduce_rows(const T* x, int64_t n, int64_t rows, T* to) {
  while (rows > 1) {
    const int64_t half = rows / 2, rest = (rows - half) * n;
    for (int64_t j = 0; j < half * n; ++j) to[j] = R::combine(x[j], x[rest + j]);
    if (x != to) std::copy(x + half * n, x + rest, to + half * n);
    rows -= half;
    x = to;
  }
  return x;
}

// y = the reduction of f(x…), or of the one operand x itself where f is null, over the axes along which y stays: part
// by part in T, and the parts in float64.
template <class R, class T>
void reduce(const Tensor& y, const Shape& full, RowFunction<T> f, Sources x) {
  const size_t result = x.size();
  const Shape* shapes[Broadcast::max_operands];
  for (size_t k = 0; k < result; ++k) shapes[k] = &x[k].shape;
  shapes[result] = &y.shape();
  const Broadcast plan(full, {shapes, result + 1});
  const bool moves = plan.moves[result];
  RowOperands<T> operands(plan, x);
  constexpr int64_t few = 64;
  double total_of_few[few];
  const Tensor total_of_many = y.size() > few ? empty(y.shape(), DType::float64) : Tensor();
  double* const total = y.size() > few ? mutable_data<double>(total_of_many) : total_of_few;
  std::fill_n(total, y.size(), R::neutral);
  alignas(64) T values[Broadcast::block + 64 / sizeof(T)];
  plan.parts(f ? Broadcast::block : 4 * Broadcast::block, [&](const Broadcast::Part& p) {
    operands.set(p);
    const T* v = operands.data()[0].data;
    if (f) f(values, p.n * p.rows, operands.data(), operands.moving()), v = values;
    double* const to = total + p.at[result];
    const int64_t step = p.rows > 1 ? plan.step_of(static_cast<int>(result)) : 0;
    int64_t n = p.n;
    if (!moves) {
      for (int64_t r = 0; r < p.rows; ++r)
        to[r * step] = R::combine(to[r * step], static_cast<double>(reduce_row<R>(v + r * n, n)));
      return;
    }
    if (step == 0)
      v = reduce_rows<R>(v, n, p.rows, values);
    else
      n *= p.rows;
    for (int64_t j = 0; j < n; ++j) to[j] = R::combine(to[j], static_cast<double>(v[j]));
  });
  std::copy_n(total, y.size(), mutable_data<T>(y));
}

template <class R>
void reduce(const Tensor& y, const Tensor& x) {
  const Source source[] = {x};
  dispatch(y.dtype(), [&](auto t) { reduce<R, decltype(t)>(y, x.shape(), nullptr, source); });
}

}  // namespace

// What a part writes beyond its end is written over by the next one, except where that is still to be read.
void evaluate_rows(const Tensor& y, const Kernel& f, Sources x) {
  dispatch(y.dtype(), [&](auto t) {
    using T = decltype(t);
    T* const out = mutable_data<T>(y);
    const bool in_place = std::any_of(x.begin(), x.end(), [&](const Source& s) { return s.data == out; });
    each_part<T>(y.shape(), x, [&](int64_t offset, int64_t n, const RowOperands<T>& operands) {
      T *const row = out + offset, *const end = row + n;
      const Batch<T> after = in_place ? Batch<T>::load_unaligned(end) : Batch<T>(T(0));
      f.get<T>()(row, n, operands.data(), operands.moving());
      if (in_place) after.store_unaligned(end);
    });
  });
}

void evaluate_rows_sum(const Tensor& y, const Shape& full, const Kernel& f, Sources x) {
  if (y.shape() == full) return evaluate_rows(y, f, x);
  dispatch(y.dtype(), [&](auto t) { reduce<Sum, decltype(t)>(y, full, f.get<decltype(t)>(), x); });
}
void evaluate_sum(const Tensor& y, const Tensor& x) { reduce<Sum>(y, x); }
void evaluate_max(const Tensor& y, const Tensor& x) { reduce<Max>(y, x); }

double sum_row(const float* x, int64_t n) { return reduce_row<Sum>(x, n); }
double sum_row(const double* x, int64_t n) { return reduce_row<Sum>(x, n); }

}  // namespace dimwise
