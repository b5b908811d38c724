#include "autodiff/detail/diagonal_check.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "autodiff/node.hpp"

namespace dimwise::detail {

namespace {

// A check has no side effects: it is neither recorded nor observed.
struct Unseen {
  NoGrad unrecorded;
  ContextGuard<&ThreadContext::observer> unobserved{nullptr};
  ContextGuard<&ThreadContext::ops_evaluated> uncounted{thread_context().ops_evaluated};
};

bool differ(double a, double b, double tolerance) {
  return a != b && !(std::abs(a - b) <= tolerance) && !(std::isnan(a) && std::isnan(b));
}

}  // namespace

bool checked(const Tape& tape) {
  if (thread_context().diagonal_checks != DiagonalChecks::sampled)
    return thread_context().diagonal_checks == DiagonalChecks::always;
  struct Calls {
    uint64_t key = 0, count = 0;
  };
  thread_local std::array<Calls, 64> table;
  uint64_t key = 0;
  for (const Tensor& y : tape.nodes())
    key = (key ^ reinterpret_cast<uintptr_t>(y.node()->op->vjp)) * 0x9E3779B97F4A7C15ull;
  Calls& calls = table[key >> 58];
  if (calls.key != key) calls = {key, 0};
  return std::has_single_bit(++calls.count);
}

// If J is diagonal, vᵀJ = v ⊙ 1ᵀJ holds exactly, because v consists of powers of two, which scale every product of a
// pull without rounding. The v of 14 neighbors differ, and change from call to call.
void check_diagonal(const Tape& tape) {
  const Unseen guard;
  const Tensor& y = tape.outputs()[0];
  thread_local uint64_t call = 0;
  std::vector<double> v(static_cast<size_t>(y.size()));
  ++call;
  for (size_t i = 0; i < v.size(); ++i) {
    const uint64_t code = (i + ((i / 14 + call) * 0x9E3779B97F4A7C15ull >> 60)) % 14;
    v[i] = std::ldexp(code % 2 ? -1.0 : 1.0, static_cast<int>(code / 2) - 3);
  }
  const std::vector<double> whole = tape.pull({tensor(v, y.shape(), y.dtype())})[0].values(),
                            sums = tape.pull({ones_like(y)})[0].values();
  double size = 0;
  for (const double s : sums)
    if (std::isfinite(s)) size = std::max(size, std::abs(s));
  // Products below the smallest normal number are rounded.
  const double tolerance = y.dtype() == DType::float32 ? 1e-4 * size + std::numeric_limits<float>::min()
                                                       : 1e-10 * size + std::numeric_limits<double>::min();
  for (size_t i = 0; i < v.size(); ++i) {
    const double expected = v[i] * sums[i];
    const bool overflows = std::isinf(whole[i]) || std::isinf(expected);  // or is infinite, so that nothing follows
    if (std::isnan(sums[i]) && thread_context().diagonal_checks == DiagonalChecks::always)
      fail<ValueError>("dimwise", "the Jacobian past the held tensors is NaN in column ", i,
                       " of the flattened x. Use DetectAnomaly to find the op that computed it.");
    if (differ(whole[i], expected, overflows ? std::numeric_limits<double>::infinity() : tolerance))
      fail<ValueError>("dimwise", "the Jacobian past the held tensors is not diagonal: vᵀJ and v⊙(1ᵀJ) differ by ",
                       std::abs(whole[i] - expected), ". Hold every tensor through which y_i depends on x_j, j ≠ i.");
  }
}

// Changes one element of each row of x, and checks whether the h of that position changes: for all positions, or, if
// there are many more positions than rows, for a sample that changes from call to call.
void check_conditioner(const Tensor& x, const std::vector<Tensor>& h,
                       const std::function<std::vector<Tensor>(const Tensor&)>& conditioner) {
  const Unseen guard;
  const int64_t d = x.dim(-1), rows = d ? x.size() / d : 0;
  if (rows == 0) return;
  constexpr int64_t most = 8;
  const int64_t times =
      thread_context().diagonal_checks == DiagonalChecks::always ? std::min(most, (d + rows - 1) / rows) : 1;
  thread_local int64_t turn = 0;
  const double tolerance = x.dtype() == DType::float32 ? 1e-4 : 1e-10;
  for (int64_t time = 0; time < times; ++time, turn += rows) {
    std::vector<double> moved = x.values();
    for (int64_t r = 0; r < rows; ++r) {
      double& element = moved[static_cast<size_t>(r * d + (turn + r) % d)];
      element += 0.5 * (1 + std::abs(element));
    }
    const std::vector<Tensor> after = conditioner(tensor(moved, x.shape(), x.dtype()));
    for (size_t k = 0; k < h.size(); ++k)
      dispatch(h[k].dtype(), [&](auto t) {
        // Compares in place, because h is often the largest tensor of a model.
        using T = decltype(t);
        const T *a = h[k].node()->template data<T>(), *b = after[k].node()->template data<T>();
        const int64_t width = h[k].size() / (rows * d);
        double size = 0;
        for (int64_t e = 0; e < h[k].size(); ++e)
          if (std::isfinite(a[e])) size = std::max(size, std::abs(static_cast<double>(a[e])));
        for (int64_t r = 0; r < rows; ++r) {
          const int64_t i = (turn + r) % d, first = (r * d + i) * width;
          for (int64_t e = first; e < first + width; ++e)
            if (differ(a[e], b[e], tolerance * (1 + size)))
              fail<ValueError>("dimwise", "the conditioner leaks: h_", i, " changed by ",
                               std::abs(static_cast<double>(a[e]) - b[e]), " when only x_", i,
                               " changed. Use check_hollow to find every leak.");
        }
      });
  }
}

}  // namespace dimwise::detail
