// Broadcasts of random shapes against loops over single elements: values, pulled gradients, reductions, and results in
// the memory of an operand. Lengths are close to the widths of SIMD batches and of packed rows.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/tape.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::random_broadcasts_tests {

namespace {

using Wide = long double;

constexpr int cases = 4200;
constexpr int64_t largest = 20'000;
constexpr int64_t lengths[] = {1, 2, 3, 5, 8, 16, 17, 33, 64, 65, 130};

std::mt19937_64 random_bits(20);
int64_t below(int64_t n) { return static_cast<int64_t>(random_bits() % static_cast<uint64_t>(n)); }
bool one_in(int64_t n) { return below(n) == 0; }
double between(double low, double high) {
  return low + (high - low) * static_cast<double>(random_bits() >> 11) * 0x1p-53;
}

Shape random_shape() {
  for (;;) {
    Shape shape;
    const int64_t rank = 1 + below(4);
    for (int64_t i = 0; i < rank; ++i) shape.push_back(lengths[below(std::size(lengths))]);
    if (shape.size() <= largest) return shape;
  }
}

// The shape with some axes of length 1 and some leading ones dropped.
Shape smaller(const Shape& shape) {
  if (one_in(4)) return shape;
  Shape result;
  const int64_t dropped = one_in(2) ? 0 : below(shape.rank() + 1);
  for (int i = static_cast<int>(dropped); i < shape.rank(); ++i) result.push_back(one_in(3) ? 1 : shape[i]);
  return result;
}

// For each element of a full shape, in order, the offset of its element in a shape that broadcasts to it.
std::vector<size_t> places(const Shape& full, const Shape& small) {
  std::vector<int64_t> step(static_cast<size_t>(full.rank()), 0);
  int64_t stride = 1;
  for (int i = 1; i <= small.rank(); ++i) {
    const int64_t n = small[small.rank() - i];
    step[static_cast<size_t>(full.rank() - i)] = n == 1 ? 0 : stride;
    stride *= n;
  }
  std::vector<size_t> result;
  std::vector<int64_t> index(static_cast<size_t>(full.rank()), 0);
  int64_t at = 0;
  for (int64_t e = 0; e < full.size(); ++e) {
    result.push_back(static_cast<size_t>(at));
    for (size_t axis = index.size(); axis-- > 0;) {
      at += step[axis];
      if (++index[axis] < full[static_cast<int>(axis)]) break;
      at -= step[axis] * index[axis];
      index[axis] = 0;
    }
  }
  return result;
}

template <class T>
bool same(T a, T b) {
  return a == b ? std::signbit(a) == std::signbit(b) || a != 0 : std::isnan(a) && std::isnan(b);
}

template <class T>
struct Operand {
  Operand(const Shape& shape, const std::vector<T>& values)
      : list(values), tensor(dimwise::tensor({values.begin(), values.end()}, shape, dtype_of<T>())) {}
  std::vector<T> list;
  Tensor tensor;
};

// Numbers of both signs, not near 0; multiples of ½ if operands should have ties.
template <class T>
Operand<T> operand(const Shape& shape, bool lattice, bool with_nan) {
  std::vector<T> values;
  for (int64_t i = 0; i < shape.size(); ++i) {
    const double size = lattice ? 0.5 * static_cast<double>(1 + below(4)) : between(0.3, 2);
    values.push_back(static_cast<T>(with_nan && one_in(16) ? double(NAN) : one_in(2) ? size : -size));
  }
  return {shape, values};
}

// One case: a and b, the offsets of their elements for each element of the result, and a cotangent of it.
template <class T>
struct Case {
  Shape full;
  Operand<T> a, b, w;
  std::vector<size_t> at_a, at_b, at_w;
  std::string name;

  static Case draw(bool lattice, bool with_nan) {
    const Shape shape = random_shape(), of_a = smaller(shape), of_b = smaller(shape);
    const Shape full = broadcast("test", of_a, of_b), of_w = one_in(4) ? smaller(full) : full;
    Case c{full,
           operand<T>(of_a, lattice, with_nan),
           operand<T>(of_b, lattice, with_nan),
           operand<T>(of_w, false, false),
           places(full, of_a),
           places(full, of_b),
           places(full, of_w),
           ""};
    c.name = std::string(dimwise::name(dtype_of<T>())) + ' ' + of_a.str() + " with " + of_b.str() + ", cotangent " +
             of_w.str();
    return c;
  }
};

int failures = 0;  // a broken kernel fails in every case: the first few suffice
template <class T>
void expect(const std::string& what, const Case<T>& c, size_t i, T found, T expected) {
  if (++failures <= 5) FAIL_CHECK(what << " of " << c.name << " at " << i << ": " << found << ", not " << expected);
}

template <class T, class F>
void check_values(const std::string& what, const Case<T>& c, const Tensor& y, F f) {
  if (y.shape() != c.full) {
    CHECK(y.shape() == c.full);
    return;
  }
  const auto found = y.data<T>();
  for (size_t i = 0; i < found.size(); ++i)
    if (const T e = f(c.a.list[c.at_a[i]], c.b.list[c.at_b[i]]); !same(found[i], e))
      return expect(what, c, i, found[i], e);
}

// A sum, in any order, of terms with the total magnitude `size`.
template <class T>
bool near(T found, Wide exact, Wide size) {
  if (std::isnan(exact)) return std::isnan(found);
  return std::abs(found - exact) <= 16 * std::numeric_limits<T>::epsilon() * size;
}

// Compares g with Σ w·df(a, b) over the elements of the result that one element of the operand broadcasts to.
template <class T, class DF>
void check_gradient(const std::string& what, const Case<T>& c, const Tensor& g, const Operand<T>& x,
                    const std::vector<size_t>& at, DF df) {
  if (g.shape() != x.tensor.shape()) {
    CHECK(g.shape() == x.tensor.shape());
    return;
  }
  std::vector<Wide> exact(x.list.size(), 0), size(x.list.size(), 0);
  for (size_t i = 0; i < at.size(); ++i) {
    const double a = c.a.list[c.at_a[i]], b = c.b.list[c.at_b[i]];
    const Wide term = Wide(c.w.list[c.at_w[i]]) * df(a, b);
    exact[at[i]] += term;
    size[at[i]] += std::abs(term);
  }
  const auto found = g.data<T>();
  for (size_t i = 0; i < found.size(); ++i)
    if (!near(found[i], exact[i], size[i])) return expect(what, c, i, found[i], static_cast<T>(exact[i]));
}

template <class T, class Op, class F, class DA, class DB>
void check_op(const std::string& what, const Case<T>& c, Op op, F f, DA da, DB db) {
  check_values(what, c, op(c.a.tensor, c.b.tensor), f);
  const Tensor a = track(c.a.tensor), b = track(c.b.tensor), y = op(a, b);
  check_values(what + ", recorded", c, y, f);
  const bool record = one_in(2);
  const GradMode sweep(record);
  const std::vector<Tensor> g = Tape({y}, {a, b}).pull({c.w.tensor});
  const std::string how = record ? ", recorded" : "";
  check_gradient(what + " by a" + how, c, g[0], c.a, c.at_a, da);
  check_gradient(what + " by b" + how, c, g[1], c.b, c.at_b, db);
}

template <class T>
void check_arithmetic() {
  const auto c = Case<T>::draw(false, false);
  check_op(
      "add", c, [](const Tensor& a, const Tensor& b) { return a + b; }, [](T a, T b) { return a + b; },
      [](double, double) { return 1.0; }, [](double, double) { return 1.0; });
  check_op(
      "mul", c, [](const Tensor& a, const Tensor& b) { return a * b; }, [](T a, T b) { return a * b; },
      [](double, double b) { return b; }, [](double a, double) { return a; });
  check_op(
      "div", c, [](const Tensor& a, const Tensor& b) { return a / b; }, [](T a, T b) { return a / b; },
      [](double, double b) { return 1 / b; }, [](double a, double b) { return -a / (b * b); });

  // In the memory of a donated operand, for either operand and any shape.
  const Tensor &a = c.a.tensor, &b = c.b.tensor;
  const auto twice = [](const Tensor& x) { return x * 2.0; };
  check_values("(a + b) b", c, (a + b) * b, [](T p, T q) { return (p + q) * q; });
  check_values("b (a + b)", c, b * (a + b), [](T p, T q) { return q * (p + q); });
  check_values("2a + b", c, twice(a) + b, [](T p, T q) { return 2 * p + q; });
  check_values("a − 2b", c, a - twice(b), [](T p, T q) { return p - 2 * q; });
  check_values("2a ⊙ 2b", c, twice(a) * twice(b), [](T p, T q) { return 2 * p * (2 * q); });
  check_values("2a / 2b", c, twice(a) / twice(b), [](T p, T q) { return 2 * p / (2 * q); });
  check_values("−|(a + b) / b|", c, -abs((a + b) / b), [](T p, T q) { return -std::abs((p + q) / q); });
  check_values("max(a + b, b)", c, maximum(a + b, b), [](T p, T q) { return p + q >= q ? p + q : q; });
  Tensor total = a * b;
  accumulate(total, a + b);
  accumulate(total, broadcast_to(a, c.full));
  check_values("accumulated", c, total, [](T p, T q) { return p * q + (p + q) + p; });
  // On a tape, the product's rule reads the sum, so it must not be overwritten.
  const Tensor tracked = track(a), product = (tracked + b) * (tracked + b), offset = product + b;
  check_values("(a + b)² + b, recorded", c, offset, [](T p, T q) { return (p + q) * (p + q) + q; });
  const NoGrad off;
  check_gradient("(a + b)² + b by a", c, Tape({offset}, {tracked}).pull({c.w.tensor})[0], c.a, c.at_a,
                 [](double p, double q) { return 2 * static_cast<double>(static_cast<T>(p + q)); });
  for (const Operand<T>* x : {&c.a, &c.b})
    if (!std::equal(x->list.begin(), x->list.end(), x->tensor.template data<T>().begin()))
      FAIL_CHECK("an operand of " << c.name << " was overwritten");
}

template <class T>
void check_maximum() {
  const auto c = Case<T>::draw(true, true);
  const auto half = [](double p, double q) { return p > q ? 1.0 : p == q ? 0.5 : 0.0; };
  check_op(
      "maximum", c, [](const Tensor& a, const Tensor& b) { return maximum(a, b); },
      [](T a, T b) { return std::isnan(a) || std::isnan(b) ? T(NAN) : std::max(a, b); }, half,
      [&](double a, double b) { return half(b, a); });
}

// Sum and max over some axes of x, and their gradients.
template <class T>
void check_reductions() {
  const Shape shape = random_shape();
  Axes axes;
  Shape kept = shape, dropped;
  for (int i = 0; i < shape.rank(); ++i) {
    if (one_in(2)) {
      axes.push_back(one_in(2) ? i : i - shape.rank());
      kept[i] = 1;
    } else {
      dropped.push_back(shape[i]);
    }
  }
  const bool keep = one_in(2);
  const Shape& result = keep ? kept : dropped;
  const auto at = places(shape, kept);
  const size_t n = static_cast<size_t>(kept.size());
  const auto x = operand<T>(shape, false, false), w = operand<T>(result, false, false);
  const auto y = operand<T>(shape, true, one_in(2));
  const Case<T> c{shape, x,  y,  w,
                  {},    {}, at, std::string(name(dtype_of<T>())) + ' ' + shape.str() + " along " + axes.str()};

  const Tensor leaf = track(x.tensor), s = sum(leaf, axes, keep);
  REQUIRE(s.shape() == result);
  std::vector<Wide> exact(n, 0), size(n, 0);
  for (size_t i = 0; i < at.size(); ++i) exact[at[i]] += x.list[i], size[at[i]] += std::abs(x.list[i]);
  for (size_t k = 0; k < n; ++k)
    if (const T found = s.data<T>()[k]; !near(found, exact[k], size[k])) {
      expect("sum", c, k, found, static_cast<T>(exact[k]));
      break;
    }
  const GradMode sweep(one_in(2));
  const Tensor of_sum = broadcast_to(Tape({s}, {leaf}).pull({w.tensor})[0], shape);
  for (size_t i = 0; i < at.size(); ++i)
    if (const T found = of_sum.data<T>()[i]; found != w.list[at[i]]) {
      expect("sum'", c, i, found, w.list[at[i]]);
      break;
    }

  const EnableGrad on;
  const Tensor peak = track(y.tensor), m = max(peak, axes, keep);
  REQUIRE(m.shape() == result);
  std::vector<T> most(n, -std::numeric_limits<T>::infinity()), ties(n, 0);
  for (size_t i = 0; i < at.size(); ++i)
    if (!(y.list[i] <= most[at[i]]) && !std::isnan(most[at[i]])) most[at[i]] = y.list[i];
  for (size_t i = 0; i < at.size(); ++i) ties[at[i]] += y.list[i] == most[at[i]];
  for (size_t k = 0; k < n; ++k)
    if (const T found = m.data<T>()[k]; !same(found, most[k])) {
      expect("max", c, k, found, most[k]);
      break;
    }
  if (kept == shape) return;  // no axis is chosen
  const GradMode again(one_in(2));
  const Tensor of_max = Tape({m}, {peak}).pull({w.tensor})[0];
  for (size_t i = 0; i < at.size(); ++i) {
    const T share = T(y.list[i] == most[at[i]]) / ties[at[i]];  // 0/0 if the largest is NaN
    if (const T found = of_max.data<T>()[i]; !near(found, Wide(w.list[at[i]]) * share, std::abs(share) * 2)) {
      expect("max'", c, i, found, w.list[at[i]] * share);
      break;
    }
  }
}

template <class F>
void repeat(int n, F f) {
  random_bits.seed(20);
  failures = 0;
  for (int i = 0; i < n; ++i) f(i % 2 == 0);
  CHECK(failures == 0);
}

}  // namespace

TEST_CASE("broadcast arithmetic of random shapes, with donated operands too, equals a loop over elements") {
  repeat(cases / 3, [](bool narrow) { narrow ? check_arithmetic<float>() : check_arithmetic<double>(); });
}

TEST_CASE("maximum of random shapes equals a loop over elements, with ties and NaN") {
  repeat(cases / 3, [](bool narrow) { narrow ? check_maximum<float>() : check_maximum<double>(); });
}

TEST_CASE("sum and max of random shapes over random axes equal loops over elements, with ties and NaN") {
  repeat(cases / 3, [](bool narrow) { narrow ? check_reductions<float>() : check_reductions<double>(); });
}

}  // namespace dimwise::random_broadcasts_tests
