#include "autodiff/kernels/evaluate.hpp"

#include <algorithm>
#include <limits>

namespace dimwise {

namespace {

// What a row writes beyond its end is written over by the next one, except where that is still to be read.
template <class T>
void evaluate_rows(const Tensor& y, RowFunction<T> f, Sources x) {
  T* const out = mutable_data<T>(y);
  const bool in_place = std::any_of(x.begin(), x.end(), [&](const Source& s) { return s.data == out; });
  each_row<T>(y.shape(), x, [&](int64_t offset, int64_t n, const auto& operands) {
    T *const row = out + offset, *const end = row + n;
    if (!in_place || n % width<T> == 0) return f(row, n, operands.data(), operands.moving());
    const Batch<T> after = Batch<T>::load_unaligned(end);
    f(row, n, operands.data(), operands.moving());
    after.store_unaligned(end);
  });
}

// How elements are reduced: a block in T, and blocks in float64.
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
  static constexpr T neutral = T(0);
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
  template <class T>
  static constexpr T neutral = -std::numeric_limits<T>::infinity();
};

constexpr int64_t block_rows = 32;  // rows that are reduced element by element before their result is widened

// x[0] ∘ … ∘ x[n − 1].
template <class R, class T>
T reduce_row(const T* x, int64_t n) {
  constexpr int64_t w = width<T>;
  const auto load = [&](int64_t i) { return Batch<T>::load_unaligned(x + i); };
  T total = R::template neutral<T>;
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

// y = the reduction of f(x…), or of the one operand x itself where f is null, over the axes along which y stays.
template <class R, class T>
class Reduction {
 public:
  Reduction(const Tensor& y, const Shape& full, RowFunction<T> f, Sources x)
      : f_(f), x_(x), out_(mutable_data<T>(y)), plan_(plan(y, full, x)), operands_(x) {
    for (int axis = 0; axis < plan_.rank; ++axis)
      if (reduced(axis)) rows_ *= plan_.dims[axis];
  }

  void run() {
    if (plan_.moves[x_.size()])
      reduce_rows();
    else
      reduce_elements();
  }

 private:
  static Broadcast plan(const Tensor& y, const Shape& full, Sources x) {
    const Shape* shapes[Broadcast::max_operands];
    for (size_t k = 0; k < x.size(); ++k) shapes[k] = &x[k].shape;
    shapes[x.size()] = &y.shape();
    return {full, {shapes, x.size() + 1}};
  }
  bool reduced(int axis) const { return plan_.step[x_.size()][axis] == 0; }

  // f(x…) at `to`, or where it lies already: of `rows` short rows of n along `axis` from row `first` on, or, where the
  // axis is −1, of n elements of one row from element `first` on.
  const T* values(const int64_t* at, int64_t first, int64_t n, int64_t rows, int axis, T* to) {
    for (size_t k = 0; k < x_.size(); ++k)
      if (axis < 0)
        operands_.set(k, at[k] + (plan_.moves[k] ? first : 0), plan_.moves[k]);
      else
        operands_.set_rows(k, at[k] + first * plan_.step[k][axis], plan_.moves[k], n, rows, plan_.step[k][axis]);
    if (!f_ && operands_.data()[0].mask != 0) return operands_.data()[0].data;
    if (f_)
      f_(to, n * rows, operands_.data(), operands_.moving());
    else
      std::fill_n(to, n * rows, *operands_.data()[0].data);
    return to;
  }

  // Rows to numbers.
  void reduce_elements() {
    const int last = plan_.rank - 1;
    const size_t y = x_.size();
    const bool lie_right = last >= 0 && !f_ && plan_.moves[0] && plan_.step[0][last] == plan_.row;
    if (rows_ == 1 && last >= 0 && plan_.row < (lie_right ? 4 * block : block / 2)) {  // several rows at a time
      const int64_t together = lie_right ? plan_.dims[last] : block / plan_.row;
      plan_.walk(
          start_, [&](int axis) { return axis != last; },
          [&](const int64_t* at) {
            for (int64_t r = 0; r < plan_.dims[last]; r += together) {
              const int64_t rows = std::min(together, plan_.dims[last] - r);
              const T* from = values(at, r, plan_.row, rows, last, values_);
              T* const to = out_ + at[y] + r * plan_.step[y][last];
              for (int64_t i = 0; i < rows; ++i)
                to[i * plan_.step[y][last]] = reduce_row<R>(from + i * plan_.row, plan_.row);
            }
          });
      return;
    }
    plan_.walk(
        start_, [&](int axis) { return !reduced(axis); },
        [&](const int64_t* place) {
          double total = static_cast<double>(R::template neutral<T>);
          const auto add = [&](const int64_t* at) {
            for (int64_t first = 0; first < plan_.row; first += block) {
              const int64_t n = std::min(block, plan_.row - first);
              total = R::combine(total, static_cast<double>(reduce_row<R>(values(at, first, n, 1, -1, values_), n)));
            }
          };
          if (rows_ == 1)
            add(place);
          else
            plan_.walk(
                place, [&](int axis) { return reduced(axis); }, add);
          out_[place[y]] = static_cast<T>(total);
        });
  }

  // Rows to a row, a block of columns at a time; several short rows are one, which is folded at the end.
  void reduce_rows() {
    const int last = plan_.rank - 1;
    const bool short_rows = last >= 0 && reduced(last) && plan_.row <= block / 8;
    const int64_t together = short_rows ? std::min(block / plan_.row, plan_.dims[last]) : 1;
    plan_.walk(
        start_, [&](int axis) { return !reduced(axis); },
        [&](const int64_t* place) {
          for (int64_t first = 0; first < plan_.row; first += block) {
            const int64_t n = std::min(block, plan_.row - first);
            begin(n * together);
            plan_.walk(
                place, [&](int axis) { return reduced(axis) && !(short_rows && axis == last); },
                [&](const int64_t* at) {
                  if (!short_rows) return add([&](T* to) { return values(at, first, n, 1, -1, to); }, n);
                  for (int64_t r = 0; r < plan_.dims[last]; r += together) {
                    const int64_t rows = std::min(together, plan_.dims[last] - r);
                    add([&](T* to) { return values(at, r, n, rows, last, to); }, n * rows);
                  }
                });
            finish(n, out_ + place[x_.size()] + first);
          }
        });
  }
  void begin(int64_t size) {
    size_ = size;
    added_ = 0;
  }
  template <class Values>
  void add(Values&& values, int64_t n) {
    if (added_ % block_rows == 0) {
      if (added_ > 0) widen();
      const T* const from = values(part_);
      if (from != part_) std::copy_n(from, n, part_);
      std::fill(part_ + n, part_ + size_, R::template neutral<T>);
    } else {
      const T* const from = values(values_);
      if (n % width<T> != 0 && n < size_) {  // the rest of the last batch is another row's
        for (int64_t j = 0; j < n; ++j) part_[j] = R::combine(part_[j], from[j]);
      } else {
        Into<T>(part_, n) = function([](const auto& a, const auto& b) { return R::combine(a, b); }, Elements<T>(part_),
                                     Elements<T>(from));
      }
    }
    ++added_;
  }
  void widen() {
    for (int64_t j = 0; j < size_; ++j)
      total_[j] =
          added_ <= block_rows ? static_cast<double>(part_[j]) : R::combine(total_[j], static_cast<double>(part_[j]));
  }
  void finish(int64_t n, T* to) {
    if (added_ <= block_rows && size_ == n) {
      std::copy_n(part_, n, to);
      return;
    }
    widen();
    for (int64_t r = n; r < size_; r += n)
      for (int64_t j = 0; j < n; ++j) total_[j] = R::combine(total_[j], total_[r + j]);
    for (int64_t j = 0; j < n; ++j) to[j] = static_cast<T>(total_[j]);
  }

  RowFunction<T> f_;
  Sources x_;
  T* out_;
  Broadcast plan_;
  RowOperands<T> operands_;
  int64_t rows_ = 1;  // that are reduced to one
  const int64_t start_[Broadcast::max_operands]{};
  alignas(64) T values_[block + 64 / sizeof(T)], part_[block + 64 / sizeof(T)];
  double total_[block];
  int64_t size_ = 0, added_ = 0;  // of the block at hand: its elements, and how many were added to each
};

// Where a reduced axis lies outside of one that is kept and rows are reduced too, the rows come first, so that memory
// is read in its order.
template <class R>
void reduce(const Tensor& y, const Shape& full, const Kernel* f, Sources x) {
  if (full.size() == 0) {
    dispatch(y.dtype(), [&](auto t) {
      using T = decltype(t);
      std::fill_n(mutable_data<T>(y), y.size(), R::template neutral<T>);
    });
    return;
  }
  Shape inner = full;
  const auto kept = [&](int axis) {
    const int own = axis - (full.rank() - y.rank());
    return own >= 0 && y.shape()[own] == full[axis];
  };
  int axis = full.rank();
  while (axis > 0 && (full[axis - 1] == 1 || !kept(axis - 1))) inner[--axis] = 1;
  bool outer = false;
  for (int i = 0; i < axis; ++i) outer = outer || (full[i] != 1 && !kept(i));
  if (outer && inner != full) {
    const Tensor rows = empty(inner, y.dtype());
    reduce<R>(rows, full, f, x);
    const Source source[] = {rows};
    return reduce<R>(y, inner, nullptr, source);
  }
  dispatch(y.dtype(), [&](auto t) {
    using T = decltype(t);
    Reduction<R, T>(y, full, f ? f->get<T>() : nullptr, x).run();
  });
}

}  // namespace

void run(const Tensor& y, const Kernel& f, Sources x) {
  dispatch(y.dtype(), [&](auto t) { evaluate_rows<decltype(t)>(y, f.get<decltype(t)>(), x); });
}

void run_sum(const Tensor& y, const Shape& full, const Kernel& f, Sources x) {
  if (y.shape() == full) return run(y, f, x);
  reduce<Sum>(y, full, &f, x);
}

void evaluate_sum(const Tensor& y, const Tensor& x) {
  const Source source[] = {x};
  reduce<Sum>(y, x.shape(), nullptr, source);
}

void evaluate_max(const Tensor& y, const Tensor& x) {
  const Source source[] = {x};
  reduce<Max>(y, x.shape(), nullptr, source);
}

double sum_row(const float* x, int64_t n) { return reduce_row<Sum>(x, n); }
double sum_row(const double* x, int64_t n) { return reduce_row<Sum>(x, n); }

}  // namespace dimwise
