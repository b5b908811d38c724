// Reductions and recurrences of 1 to 40 elements, including zeros, infinities, NaN and numbers of extreme size.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "autodiff/base/rng.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::special_reductions_tests {

namespace {

using Wide = long double;
using Row = std::vector<Wide>;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr Wide nan = std::numeric_limits<Wide>::quiet_NaN();

// A function of a row, and wᵀ ∂y/∂x. Multilinear ones are accurate to the rounding of their terms' magnitudes.
struct Function {
  const char* name;
  std::function<Tensor(const Tensor& x, int axis)> f;
  std::function<Row(const Row& x)> value;
  std::function<Row(const Row& x, const Row& y, const Row& w)> pulled;
  bool multilinear = false, product = false;
};

bool any(const Row& x, const std::function<bool(Wide)>& is) { return std::any_of(x.begin(), x.end(), is); }
bool has_nan(const Row& x) {
  return any(x, [](Wide v) { return std::isnan(v); });
}
Row map(const Row& x, const std::function<Wide(Wide)>& f) {
  Row y;
  for (const Wide v : x) y.push_back(f(v));
  return y;
}
Row repeated(const Row& x, Wide v) { return Row(x.size(), v); }
Wide total(const Row& x) {
  Wide s = 0;
  for (const Wide v : x) s += v;
  return s;
}
Row reversed(Row x) {
  std::reverse(x.begin(), x.end());
  return x;
}

Wide largest(const Row& x) {
  Wide m = -inf;
  for (const Wide v : x)
    if (!(v <= m) && !std::isnan(m)) m = v;
  return m;
}
Row share(const Row& x, Wide y, Wide w) {
  if (x.size() == 1) return {w};
  const Row chosen = map(x, [&](Wide v) { return Wide(v == y); });
  return map(chosen, [&, ties = total(chosen)](Wide c) { return w * (c / ties); });
}

// ln Σ eˣ in two parts, the largest x and the rest; −∞ if all are −∞.
struct Logarithm {
  Wide most, rest;
};
Logarithm log_total(const Row& x) {
  const Wide m = has_nan(x) ? nan : largest(x);
  if (!std::isfinite(m)) return {m, 0};
  return {m, std::log(total(map(x, [&](Wide v) { return std::exp(v - m); })))};
}
Row softmax_of(const Row& x) {
  const auto [m, rest] = log_total(x);
  if (!std::isfinite(m)) return repeated(x, nan);
  return map(x, [m = m, rest = rest](Wide v) { return std::exp(v - m - rest); });
}

// The square root of a sum of squares of extreme size.
Wide length(const Row& x) {
  Wide s = 0;
  for (const Wide v : x) s = std::hypot(s, v);
  return has_nan(x) ? nan : s;
}

Row running_sum(const Row& x) {
  Row y;
  for (const Wide v : x) y.push_back(y.empty() ? v : y.back() + v);
  return y;
}
Row running_product(const Row& x) {
  Row y;
  for (const Wide v : x) y.push_back(y.empty() ? v : y.back() * v);
  return y;
}
// λ_i = w_i + x_{i+1} λ_{i+1}, times the product before i.
Row running_product_pulled(const Row& x, const Row& y, const Row& w) {
  Row g(x.size());
  Wide lambda = 0;
  for (size_t i = x.size(); i-- > 0;) {
    lambda = i + 1 < x.size() ? w[i] + x[i + 1] * lambda : w[i];
    g[i] = i > 0 ? lambda * y[i - 1] : lambda;
  }
  return g;
}
Row last_of(const Row& x, Wide w) {
  Row all = repeated(x, 0);
  all.back() = w;
  return all;
}

const Function functions[] = {
    {"sum", [](const Tensor& x, int axis) { return sum(x, {axis}); }, [](const Row& x) { return Row{total(x)}; },
     [](const Row& x, const Row&, const Row& w) { return repeated(x, w[0]); }, true},
    {"mean", [](const Tensor& x, int axis) { return mean(x, {axis}); },
     [](const Row& x) { return Row{total(x) / static_cast<Wide>(x.size())}; },
     [](const Row& x, const Row&, const Row& w) { return repeated(x, w[0] / static_cast<Wide>(x.size())); }, true},
    {"max", [](const Tensor& x, int axis) { return max(x, {axis}); }, [](const Row& x) { return Row{largest(x)}; },
     [](const Row& x, const Row& y, const Row& w) { return share(x, y[0], w[0]); }},
    {"min", [](const Tensor& x, int axis) { return min(x, {axis}); },
     [](const Row& x) { return Row{-largest(map(x, [](Wide v) { return -v; }))}; },
     [](const Row& x, const Row& y, const Row& w) { return share(x, y[0], w[0]); }},
    {"prod", [](const Tensor& x, int axis) { return prod(x, {axis}); },
     [](const Row& x) { return Row{running_product(x).back()}; },
     [](const Row& x, const Row&, const Row& w) {
       return running_product_pulled(x, running_product(x), last_of(x, w[0]));
     },
     true, true},
    {"logsumexp", [](const Tensor& x, int axis) { return logsumexp(x, {axis}); },
     [](const Row& x) {
       const auto [m, rest] = log_total(x);
       return Row{m + rest};
     },
     [](const Row& x, const Row& y, const Row& w) {
       if (std::isinf(y[0])) return repeated(x, 0);
       return map(softmax_of(x), [&](Wide p) { return w[0] * p; });
     }},
    {"softmax", [](const Tensor& x, int axis) { return softmax(x, axis); }, softmax_of,
     [](const Row& x, const Row& y, const Row& w) {
       if (has_nan(y)) return repeated(x, nan);
       Wide inner = 0;
       for (size_t i = 0; i < x.size(); ++i) inner += w[i] * y[i];
       Row g;
       for (size_t i = 0; i < x.size(); ++i) g.push_back(y[i] * (w[i] - inner));
       return g;
     }},
    {"log_softmax", [](const Tensor& x, int axis) { return log_softmax(x, axis); },
     [](const Row& x) {
       const auto [m, rest] = log_total(x);
       if (std::isinf(m)) return repeated(x, nan);
       return map(x, [m = m, rest = rest](Wide v) { return v - m - rest; });
     },
     [](const Row& x, const Row& y, const Row& w) {
       if (has_nan(y)) return repeated(x, nan);
       const Row p = softmax_of(x);
       Row g;
       for (size_t i = 0; i < x.size(); ++i) g.push_back(w[i] - p[i] * total(w));
       return g;
     }},
    // The gradient is 0 if the norm is 0 or ∞.
    {"norm", [](const Tensor& x, int axis) { return norm(x, {axis}); }, [](const Row& x) { return Row{length(x)}; },
     [](const Row& x, const Row& y, const Row& w) {
       return map(x, [&](Wide v) { return y[0] == 0 || std::isinf(y[0]) ? 0 : w[0] * (v / y[0]); });
     }},
    {"cumsum", [](const Tensor& x, int axis) { return cumsum(x, axis); }, running_sum,
     [](const Row&, const Row&, const Row& w) { return reversed(running_sum(reversed(w))); }, true},
    {"cumsum from the end", [](const Tensor& x, int axis) { return cumsum(x, axis, true); },
     [](const Row& x) { return reversed(running_sum(reversed(x))); },
     [](const Row&, const Row&, const Row& w) { return running_sum(w); }, true},
    {"cumprod", [](const Tensor& x, int axis) { return cumprod(x, axis); }, running_product, running_product_pulled,
     true, true},
    {"cumprod from the end", [](const Tensor& x, int axis) { return cumprod(x, axis, true); },
     [](const Row& x) { return reversed(running_product(reversed(x))); },
     [](const Row& x, const Row& y, const Row& w) {
       return reversed(running_product_pulled(reversed(x), reversed(y), reversed(w)));
     },
     true, true},
};

// Rows of n: numbers near ±1 with a special one first, in the middle and last, several of them, and nothing else.
std::vector<Row> rows_of(size_t n, DType dtype) {
  std::vector<Row> rows;
  uint64_t seed = 0;
  const auto plain = [&] {
    const Rng rng = Rng(7).split(n).split(seed++);
    const auto length = static_cast<int64_t>(n);
    const std::vector<double> size = rng.uniform({length}, dtype, 0.8, 1.25).values(),
                              sign = rng.split("sign").rademacher({length}, dtype).values();
    Row x;
    for (size_t i = 0; i < n; ++i) x.push_back(size[i] * sign[i]);
    return x;
  };
  rows.push_back(plain());
  for (const double special : {double(NAN), inf, -inf, 0.0, -0.0, 1e30, -1e30, 1e-30}) {
    const Wide v = dtype == DType::float32 ? static_cast<float>(special) : special;
    for (const size_t at : {size_t{0}, n / 2, n - 1}) {
      rows.push_back(plain());
      rows.back()[at] = v;
    }
    rows.push_back(plain());
    rows.back().front() = rows.back().back() = v;
    rows.emplace_back(n, v);
  }
  rows.push_back(plain());
  rows.back().front() = inf;
  rows.back().back() = -inf;
  rows.push_back(plain());
  rows.back().front() = 0;
  rows.back().back() = inf;
  return rows;
}

Tensor tensor_of(const std::vector<Row>& rows, DType dtype) {
  std::vector<double> all;
  for (const Row& x : rows) all.insert(all.end(), x.begin(), x.end());
  return tensor(all, {static_cast<int64_t>(rows.size()), static_cast<int64_t>(rows[0].size())}, dtype);
}

int failures = 0;

// Compares `found` with `exact`, relative to the given size.
void near(const std::string& what, const Row& x, DType dtype, const Row& found, const Row& exact, const Row& size) {
  REQUIRE(found.size() == exact.size());
  const double eps = dtype == DType::float32 ? 0x1p-23 : 0x1p-52;
  for (size_t i = 0; i < exact.size(); ++i) {
    const bool fine = std::isfinite(exact[i]) ? std::abs(found[i] - exact[i]) <= 16 * eps * size[i]
                      : std::isnan(exact[i])  ? std::isnan(found[i])
                                              : found[i] == exact[i];
    if (fine || ++failures > 8) continue;
    std::string of;
    for (const Wide v : x) of += ' ' + std::to_string(static_cast<double>(v));
    FAIL_CHECK(what << ' ' << dtype << " at " << i << ": " << static_cast<double>(found[i]) << ", not "
                    << static_cast<double>(exact[i]) << ", of" << of);
    return;
  }
}

// Rows of x, y, and the gradients against the references. Elements are (row, k), or (k, row) where `transposed`.
void check(const Function& function, const std::vector<Row>& rows, DType dtype, bool transposed) {
  const Tensor plain = tensor_of(rows, dtype), x = track(transposed ? transpose(plain) : plain);
  const int axis = transposed ? 0 : -1;
  const Tensor y = function.f(x, axis);
  const bool keeps = y.rank() == 2;
  const Tensor w = Rng(9).uniform(y.shape(), dtype, 0.5, 2) * Rng(8).rademacher(y.shape(), dtype);
  const auto in_rows = [&](const Tensor& t) {
    const Tensor by_row = t.rank() == 2 && transposed ? transpose(t) : t;
    const std::vector<double> all = by_row.values();
    const size_t each = all.size() / rows.size();
    std::vector<Row> result;
    for (size_t r = 0; r < rows.size(); ++r) result.emplace_back(all.begin() + r * each, all.begin() + (r + 1) * each);
    return result;
  };
  const auto values = in_rows(y), weights = in_rows(w), unrecorded = in_rows(vjp(y, x, w, {.record = false})),
             recorded = in_rows(vjp(y, x, w));
  const auto absolute = [](const Row& r) { return map(r, [](Wide v) { return std::abs(v); }); };
  for (size_t r = 0; r < rows.size(); ++r) {
    const Row &in = rows[r], exact = function.value(in), slope = function.pulled(in, exact, weights[r]);
    Row size, slope_size;
    if (function.multilinear) {
      size = function.value(absolute(in));
      slope_size = function.pulled(absolute(in), size, absolute(weights[r]));
    } else {
      size = map(exact, [](Wide v) { return std::abs(v) + (std::abs(v) < 40 ? std::min(std::abs(v), Wide(1)) : 0); });
      if (!keeps && function.name[0] == 'l') size[0] += 1;  // ln of a sum near 1
      if (keeps && function.name[0] == 'l') size = map(size, [](Wide v) { return v + 2; });
      slope_size = map(slope, [](Wide v) { return std::abs(v) + 4; });
    }
    const std::string name = std::string(function.name) + (transposed ? " along the first axis" : "");
    // Partial products of several numbers of extreme size overflow or underflow.
    const auto extreme = [](Wide v) { return std::isfinite(v) && v != 0 && std::abs(std::log10(std::abs(v))) > 20; };
    if (function.product && std::count_if(in.begin(), in.end(), extreme) > 1) continue;
    near(name, in, dtype, values[r], exact, size);
    near(name + "'", in, dtype, unrecorded[r], slope, slope_size);
    near(name + "' recorded", in, dtype, recorded[r], slope, slope_size);
  }
}

}  // namespace

TEST_CASE("reductions of 1 to 40 elements, including special ones, have the correct values and gradients") {
  failures = 0;
  for (const Function& function : functions)
    for (const DType dtype : {DType::float32, DType::float64})
      for (size_t n = 1; n <= 40; ++n) {
        const std::vector<Row> rows = rows_of(n, dtype);
        for (const bool transposed : {false, true}) check(function, rows, dtype, transposed);
        if (n % 8 > 1 && n != 15 && n != 31) continue;
        for (const Row& row : rows) check(function, {row}, dtype, false);
      }
  CHECK(failures == 0);
}

}  // namespace dimwise::special_reductions_tests
