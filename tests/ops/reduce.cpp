#include "ops/reduce.hpp"

#include <cmath>
#include <limits>

#include "autodiff/base/rng.hpp"
#include "autodiff/transforms.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "tests/catch.hpp"
#include "tests/ops/table.hpp"

namespace dimwise::reduce_tests {

using namespace dimwise::table;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

// Shapes, each with axes to reduce.
struct Case {
  Shape shape;
  Axes axes;
};
const std::vector<Case> cases{{{3}, {0}},       {{2, 3}, {1}},       {{2, 3}, {-2}},         {{}, {}},
                              {{2, 3}, {0, 1}}, {{2, 3, 2}, {0, 2}}, {{2, 2, 1, 3}, {1, 3}}, {{2, 1, 2, 2}, {1}},
                              {{0, 3}, {1}},    {{1, 19}, {-1}}};

// The function of each case, with and without keep, summed over both.
Entry reduction(const std::string& name, std::vector<std::string> records,
                Tensor (*f)(const Tensor&, const Axes&, bool), Tensor (*sampler)(const Shape&, uint64_t)) {
  std::vector<Inputs> samples;
  for (const Case& c : cases) samples.push_back({sampler(c.shape, 1)});
  const auto axes_of = [](const Shape& shape) {
    for (const Case& c : cases)
      if (c.shape == shape) return c.axes;
    return Axes{};
  };
  return {name,
          std::move(records),
          [f, axes_of](const Inputs& in) {
            const Axes axes = axes_of(in[0].shape());
            const Tensor kept = f(in[0], axes, true);
            return kept + reshape(f(in[0], axes, false), kept.shape());
          },
          std::move(samples),
          nullptr,
          {{[f] {
              f(zeros({2, 3}), {2}, false);
            },
            "[axis] axis 2 is out of range for shape (2, 3). Use -2 … 1."},
           {[f] {
              f(zeros({2, 3}), {0, -2}, false);
            },
            "axis -2 occurs twice in (0, -2)."}}};
}

// Over all elements.
Entry whole(const std::string& name, std::vector<std::string> records, Tensor (*f)(const Tensor&), bool empty_too) {
  std::vector<Inputs> samples;
  for (const Shape& s : shapes())
    if (s.size() > 0 || empty_too) samples.push_back({distinct(s)});
  return {name, std::move(records), [f](const Inputs& in) { return f(in[0]); }, std::move(samples)};
}

// Along an axis, shapes kept.
Entry along(const std::string& name, std::vector<std::string> records, std::function<Tensor(const Tensor&, int)> f) {
  return {name,
          std::move(records),
          [f](const Inputs& in) { return f(in[0], -1) + 0.5 * f(in[0], in[0].rank() - 1 - in[0].rank() / 3); },
          normals({{{3}}, {{2, 3}}, {{1}}, {{2, 1, 2}}, {{0, 2}}, {{2, 2, 1, 2}}}),
          nullptr,
          {{[f] { f(zeros({2}), 1); }, "[axis] axis 1 is out of range for shape (2,)."}}};
}

// The elements of x along `axis`, for each position of the other axes.
std::vector<std::vector<double>> lanes_of(const Tensor& x, int axis) {
  const int64_t outer = x.shape().outer(axis), n = x.dim(axis), inner = x.shape().inner(axis);
  const std::vector<double> v = x.values();
  std::vector<std::vector<double>> result;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t j = 0; j < inner; ++j) {
      result.emplace_back();
      for (int64_t k = 0; k < n; ++k) result.back().push_back(v[static_cast<size_t>((o * n + k) * inner + j)]);
    }
  return result;
}

}  // namespace

std::vector<Entry> entries() {
  std::vector<Entry> all{
      whole("sum", {"sum_to"}, sum, true),
      reduction("sum", {"sum_to"}, sum, normal),
      whole("mean", {"sum_to"}, mean, false),
      reduction(
          "mean", {"sum_to"},
          [](const Tensor& x, const Axes& a, bool keep) { return x.size() ? mean(x, a, keep) : sum(x, a, keep); },
          normal),
      whole("max", {"max"}, max, false),
      reduction("max", {"max"}, max, distinct),
      whole("min", {"max"}, min, false),
      reduction("min", {"max"}, min, distinct),
      reduction("logsumexp", {"max", "exp", "log"}, logsumexp, normal),
      reduction("norm", {"sqrt", "square"}, norm, normal),
      along("softmax", {"max", "exp", "div"}, softmax),
      along("log_softmax", {"max", "exp", "log"}, log_softmax),
      along("cumsum", {"recurrence"},
            [](const Tensor& x, int axis) { return cumsum(x, axis) + 2.0 * cumsum(x, axis, true); }),
      along("cumprod", {"recurrence"},
            [](const Tensor& x, int axis) { return cumprod(x, axis) + 2.0 * cumprod(x, axis, true); }),
      along("sum_of_others", {"sum_of_others"}, sum_of_others),
      whole("prod", {"recurrence"}, prod, true),
      reduction("prod", {"recurrence"}, prod, normal),
  };
  all[2].errors = {{[] { mean(zeros({0, 2})); }, "[mean] shape (0, 2) has no elements along axes (0, 1)."}};
  all[4].errors = {{[] { max(zeros({0})); }, "[max] shape (0,) has no elements along axes (0,)."},
                   {[] {
                      min(zeros({2, 0}), {1});
                    },
                    "[max] shape (2, 0) has no elements along axes (1,)."}};
  return all;
}

TEST_CASE("reductions agree with naive loops, in both dtypes, for lengths that fill lanes and for those that do not") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (const int64_t n : {1, 5, 37, 300})
      for (const int axis : {0, 1, 2}) {
        Shape shape{2, 3, 2};
        shape[axis] = n;
        const Tensor x = astype(normal(shape, 11), dtype);
        const auto columns = lanes_of(x, axis);
        const double tolerance = dtype == DType::float32 ? 1e-5 : 1e-13;
        const auto agrees = [&](const char* name, const Tensor& y, auto naive) {
          const std::vector<double> v = y.values();
          REQUIRE(v.size() == columns.size());
          double worst = 0;
          for (size_t i = 0; i < v.size(); ++i) worst = std::max(worst, std::abs(v[i] - naive(columns[i])));
          INFO(name << " along " << axis << " of " << shape);
          CHECK(worst < tolerance * 10);
        };
        const auto total = [](const std::vector<double>& c) {
          double s = 0;
          for (const double v : c) s += v;
          return s;
        };
        agrees("sum", sum(x, {axis}), total);
        agrees("mean", mean(x, {axis}), [&](const auto& c) { return total(c) / static_cast<double>(c.size()); });
        agrees("max", max(x, {axis}), [](const auto& c) { return *std::max_element(c.begin(), c.end()); });
        agrees("min", min(x, {axis}), [](const auto& c) { return *std::min_element(c.begin(), c.end()); });
        agrees("norm", norm(x, {axis}), [](const auto& c) {
          double s = 0;
          for (const double v : c) s += v * v;
          return std::sqrt(s);
        });
        agrees("logsumexp", logsumexp(x, {axis}), [](const auto& c) {
          double s = 0;
          for (const double v : c) s += std::exp(v);
          return std::log(s);
        });
        const auto sums = lanes_of(cumsum(x, axis), axis), back = lanes_of(cumsum(x, axis, true), axis),
                   soft = lanes_of(softmax(x, axis), axis), log_soft = lanes_of(log_softmax(x, axis), axis);
        double worst = 0;
        for (size_t i = 0; i < columns.size(); ++i) {
          double running = 0, denominator = 0;
          for (const double v : columns[i]) denominator += std::exp(v);
          for (size_t k = 0; k < columns[i].size(); ++k) {
            const double before = running;
            running += columns[i][k];
            worst =
                std::max({worst, std::abs(sums[i][k] - running), std::abs(back[i][k] - (total(columns[i]) - before)),
                          std::abs(soft[i][k] - std::exp(columns[i][k]) / denominator),
                          std::abs(log_soft[i][k] - (columns[i][k] - std::log(denominator)))});
          }
        }
        INFO("cumsum, softmax, log_softmax along " << axis << " of " << shape << " " << dtype);
        CHECK(worst < tolerance * 10);
      }
}

TEST_CASE("empty sums are zero, and reductions over no axes or axes of length 1 or 0 have the right shape") {
  CHECK(sum(zeros({0, 3})).item() == 0);
  CHECK(sum(zeros({0, 3}), {0}).values() == std::vector<double>{0, 0, 0});
  CHECK(sum(ones({2, 3}), {-1}, true).shape() == Shape{2, 1});
  CHECK(max(zeros({0, 3}), {1}).shape() == Shape{0});
  CHECK(sum(ones({2, 3}), {}).shape() == Shape{2, 3});
}

TEST_CASE("ties share the derivative of max and min equally") {
  const Tensor x = track(tensor({2, 1, 2}, DType::float64));
  CHECK(grad(max(x), x).values() == std::vector<double>{0.5, 0, 0.5});
  CHECK(grad(min(x), x).values() == std::vector<double>{0, 1, 0});
}

TEST_CASE("max and min propagate NaN") {
  CHECK(std::isnan(max(tensor({1, NAN, 2}, DType::float64)).item()));
  CHECK(std::isnan(min(tensor({NAN, 1, 2}, DType::float64)).item()));
}

TEST_CASE("logsumexp and softmax neither overflow nor lose small terms") {
  const Tensor x = tensor({1e4, 1e4, -1e4}, DType::float64);
  CHECK(logsumexp(x, {0}).item() == Approx(1e4 + std::log(2)).epsilon(1e-15));
  CHECK(softmax(x).values() == std::vector<double>{0.5, 0.5, 0});
  CHECK(log_softmax(x).values()[2] == Approx(-2e4 - std::log(2)).epsilon(1e-15));
  CHECK(logsumexp(tensor({-inf, -inf}, DType::float64), {0}).item() == -inf);
  CHECK(logsumexp(tensor({-inf, 3}, DType::float64), {0}).item() == 3);
}

TEST_CASE("sums are correct for every number of short or long rows, of a tensor and of a product") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (const int64_t n : {1, 2, 3, 7, 16, 33, 64, 100, 255})
      for (int64_t m = 1; m <= 40; ++m)
        for (const int64_t rows : {m, 512 / n + 1, 2 * (512 / n) + 1}) {
          const Tensor x = astype(normal({rows, n}, 3), dtype), u = astype(normal({rows, 1}, 4), dtype),
                       v = astype(normal({n}, 5), dtype);
          const std::vector<double> values = x.values();
          std::vector<double> columns(static_cast<size_t>(n)), across(static_cast<size_t>(rows));
          const std::vector<double> by = u.values(), of = v.values();
          std::vector<double> for_u(across.size()), for_v(columns.size());
          for (size_t r = 0; r < across.size(); ++r)
            for (size_t j = 0; j < columns.size(); ++j) {
              const double value = values[r * columns.size() + j];
              columns[j] += value;
              across[r] += value;
              for_u[r] += value * of[j];
              for_v[j] += value * by[r];
            }
          const auto agrees = [&](const Tensor& y, const std::vector<double>& right) {
            const std::vector<double> got = y.values();
            double worst = got.size() == right.size() ? 0 : 1;
            for (size_t i = 0; i < right.size() && worst < 1; ++i)
              worst = std::max(worst, std::abs(got[i] - right[i]) / (1 + std::abs(right[i])));
            return worst < (dtype == DType::float32 ? 2e-4 : 1e-12);
          };
          INFO(rows << " rows of " << n << ", " << dtype);
          REQUIRE(agrees(sum(x, {0}), columns));
          REQUIRE(agrees(sum(x, {1}), across));
          const Tensor a = track(u), b = track(v);
          const std::vector<Tensor> g = grad(sum(x * (a * b)), {a, b}, {.record = false});
          REQUIRE(agrees(reshape(g[0], {rows}), for_u));
          REQUIRE(agrees(g[1], for_v));
        }
}

TEST_CASE("products and their gradients are correct if elements are 0") {
  const Tensor x = track(tensor({0, 2, 3}, DType::float64));
  CHECK(prod(x).item() == 0);
  CHECK(grad(prod(x), x).values() == std::vector<double>{6, 0, 0});
  CHECK(cumprod(x).values() == std::vector<double>{0, 0, 0});
  CHECK(grad(sum(cumprod(x)), x).values() == std::vector<double>{1 + 2 + 6, 0, 0});
  const Tensor two = track(tensor({0, 5, 0, 7}, DType::float64));
  CHECK(grad(prod(two), two).values() == std::vector<double>{0, 0, 0, 0});
  CHECK(hessian([](const Tensor& t) { return prod(t); }, two).values() ==
        std::vector<double>{0, 0, 35, 0, 0, 0, 0, 0, 35, 0, 0, 0, 0, 0, 0, 0});
  CHECK(prod(zeros({0})).item() == 1);
  CHECK(prod(zeros({2, 0}), {1}).values() == std::vector<double>{1, 1});
}

TEST_CASE("a sum of others contains every element but one, and not even a rounding of that one") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (int64_t n = 1; n <= 40; ++n) {
      const Tensor x = Rng(5).normal({2, n, 3}, dtype), y = sum_of_others(x, 1);
      CHECK(max(abs(y - (sum(x, {1}, true) - x))).item() < (dtype == DType::float32 ? 1e-5 : 1e-14));
      for (int64_t k = 0; k < n; k += 7) {
        std::vector<double> moved = x.values();
        for (int64_t i : {0, 1}) moved[static_cast<size_t>((i * n + k) * 3 + 1)] = 1e8;
        const Tensor other = sum_of_others(tensor(moved, x.shape(), dtype), 1);
        CHECK(select(other, 1, k).values() == select(y, 1, k).values());
      }
    }
}

TEST_CASE("products of any length keep the sign of zero") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (int64_t n = 1; n <= 40; ++n)
      for (const size_t place : {size_t{0}, static_cast<size_t>(n - 1)})
        for (const double zero : {0.0, -0.0}) {
          std::vector<double> v(static_cast<size_t>(n), 2.0);
          v[place] = zero;
          const Tensor x = tensor(v, dtype);
          CHECK(std::signbit(prod(x).item()) == std::signbit(zero));
          CHECK(std::signbit(prod(-x).item()) == (std::signbit(zero) != (n % 2 == 1)));
          CHECK(std::signbit(cumprod(x).values().back()) == std::signbit(zero));
          CHECK(std::signbit(cumprod(x, 0, true).values()[0]) == std::signbit(zero));
        }
}

TEST_CASE("sums of float32 lose no digits, whatever their length") {
  const int64_t n = 10'000'000;
  const Tensor tenths = full({n}, 0.1);
  const double exact = static_cast<double>(n) * static_cast<double>(0.1F);
  const auto off = [](double value, double right) { return std::abs(value / right - 1); };
  CHECK(off(sum(tenths).item(), exact) < 5e-7);
  CHECK(off(mean(tenths).item(), static_cast<double>(0.1F)) < 5e-7);
  const Tensor columns = reshape(tenths, {n / 10, 10}), rows = reshape(tenths, {10, n / 10});
  for (const Tensor& x : {columns, rows})
    for (const int axis : {0, 1})
      for (const double v : sum(x, {axis}).values())
        REQUIRE(off(v, exact / static_cast<double>(x.shape()[1 - axis])) < 1e-6);
  // The gradient of a tensor broadcast to a million rows, and of a factor of them.
  const Tensor bias = track(zeros({10}));
  for (const double v : grad(sum(columns * (bias + 1.0)), bias).values()) REQUIRE(off(v, exact / 10) < 1e-6);
  const double last = cumsum(tenths).values().back();
  CHECK(off(last, exact) < 5e-7);
}

TEST_CASE("reductions of no elements, of NaN and of values that overflow") {
  const double nan = std::nan("");
  const auto d = [](const std::vector<double>& v) { return tensor(v, DType::float64); };
  CHECK(std::isnan(logsumexp(d({nan, 1}), {0}).item()));
  CHECK(std::isnan(max(d({1, nan, 2})).item()));
  CHECK(std::isnan(min(d({nan, 1})).item()));
  CHECK(logsumexp(d({-inf, -inf}), {0}).item() == -inf);
  CHECK(logsumexp(d({inf, 1}), {0}).item() == inf);
  for (const DType dtype : {DType::float32, DType::float64}) {
    const double far = dtype == DType::float32 ? 1e30 : 1e200;
    for (const double scale : {far, 1 / far}) {
      const Tensor x = track(astype(d({3 * scale, 4 * scale}), dtype));
      CHECK(norm(x, {0}).item() == Approx(5 * scale).epsilon(1e-6));
      const std::vector<double> g = grad(norm(x, {0}), x).values();
      CHECK(g[0] == Approx(0.6));
      CHECK(g[1] == Approx(0.8));
    }
  }
  const Tensor origin = track(zeros({3}));
  CHECK(grad(norm(origin, {0}), origin).values() == std::vector<double>{0, 0, 0});
  CHECK(norm(zeros({0}), {0}).item() == 0);
  CHECK(mean(zeros({0, 3}), {1}).shape() == Shape{0});
  CHECK(mean(ones({41})).item() == 1);
  CHECK((full({3}, 49) / 49.0).values() == std::vector<double>{1, 1, 1});
  // By a subnormal number too, whose reciprocal is infinite.
  CHECK((full({3}, 1e-310, DType::float64) / 1e-310).values() == std::vector<double>{1, 1, 1});
  CHECK((full({3}, 1e-40) / full({3}, 1e-40)).values() == std::vector<double>{1, 1, 1});
  CHECK((full({3}, 1e-40) / static_cast<double>(1e-40F)).values() == std::vector<double>{1, 1, 1});
  for (const auto& [text, f] :
       std::vector<std::pair<std::string, std::function<void()>>>{{"[softmax] shape (2, 0)",
                                                                   [] {
                                                                     softmax(zeros({2, 0}));
                                                                   }},
                                                                  {"[log_softmax] shape (2, 0)",
                                                                   [] {
                                                                     log_softmax(zeros({2, 0}));
                                                                   }},
                                                                  {"[logsumexp] shape (2, 0)",
                                                                   [] {
                                                                     logsumexp(zeros({2, 0}), {1});
                                                                   }},
                                                                  {"[mean] shape (3, 0)", [] {
                                                                     mean(zeros({3, 0}), {1});
                                                                   }}})
    CHECK_THROWS_WITH(f(), Catch::Matchers::Contains(text));
}

TEST_CASE("the largest element of a long axis is found in every lane, NaN included") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (int64_t n = 1; n <= 80; ++n)
      for (int64_t at = 0; at<n; at += n> 40 ? 7 : 1)
        for (const double value : {5.0, inf, std::nan("")}) {
          std::vector<double> v(static_cast<size_t>(n), -3.0);
          v[static_cast<size_t>(at)] = value;
          const Tensor x = tensor(v, dtype);
          const double row = max(x).item(), column = max(reshape(x, {n, 1}), {0}).values()[0];
          REQUIRE((std::isnan(value) ? std::isnan(row) && std::isnan(column) : row == value && column == value));
        }
}

}  // namespace dimwise::reduce_tests
