#include "autodiff/dimwise.hpp"

#include "autodiff/context.hpp"
#include "autodiff/custom.hpp"
#include "autodiff/op.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::dimwise_tests {

namespace {

// h_i = Σ_{j≠i} A_ij sin(x_j); f_i = tanh(x_i h_i) + x_i³ + h_i.
struct Toy {
  Tensor a;
  explicit Toy(int64_t d, uint64_t seed = 1) {
    const Tensor full = normal({d, d}, seed) * (1 / std::sqrt(static_cast<double>(d)));
    a = full - diag_embed(diagonal(full));
  }
  Tensor conditioner(const Tensor& x) const { return matmul(sin(x), a, {false, true}); }
  Tensor transformer(const Tensor& x, const Tensor& h) const { return tanh(x * h) + pow(x, 3) + h; }
  Tensor operator()(const Tensor& x) const { return transformer(x, conditioner(x)); }
};

// {D¹, …, D^k} of one row from the diagonals of nested Jacobians.
std::vector<Tensor> brute_force(const Function& f, const Tensor& row, int order) {
  std::vector<Tensor> result;
  Function g = f;
  for (int k = 0; k < order; ++k) {
    g = [g](const Tensor& x) { return diagonal(jacobian(g, x)); };
    result.push_back(g(row));
  }
  return result;
}

static_assert(HollowFunction<Toy>);
static_assert(!HollowFunction<Tensor>);

}  // namespace

TEST_CASE("D¹ to D³ are the diagonals of nested Jacobians, by every method, for a batch") {
  for (const int64_t d : {1, 2, 3, 6}) {
    const Toy toy(d);
    const Tensor x = normal({2, d}, 5);
    for (const DimwiseMethod method : {DimwiseMethod::automatic, DimwiseMethod::reverse, DimwiseMethod::taylor}) {
      const auto all = dimwise::dimwise(toy, x, 3, method);
      REQUIRE(all.size() == 4);
      CHECK(distance(all[0], toy(x)) == 0);
      for (int64_t r = 0; r < 2; ++r) {
        const auto expected = brute_force([&](const Tensor& z) { return row(toy(unsqueeze(z, 0)), 0); }, row(x, r), 3);
        CHECK(distance(row(all[1], r), expected[0]) < 1e-10);
        CHECK(distance(row(all[2], r), expected[1]) < 1e-8);
        CHECK(distance(row(all[3], r), expected[2]) < 1e-6);
      }
      CHECK(distance(divergence(toy, x), sum(all[1], {-1})) < 1e-12);
    }
  }
}

TEST_CASE("the tape form gives the same, whatever the method and the order") {
  const Toy toy(4);
  const Tensor x = track(normal({3, 4}, 5)), h = toy.conditioner(x), y = toy.transformer(x, h);
  const auto expected = dimwise::dimwise(toy, x, 3);
  for (int k = 1; k <= 3; ++k)
    for (const DimwiseMethod method : {DimwiseMethod::automatic, DimwiseMethod::reverse, DimwiseMethod::taylor})
      CHECK(distance(dimwise::dimwise(y, x, {.holding = {h}, .order = k, .method = method}),
                     expected[static_cast<size_t>(k)]) < 1e-12);
}

TEST_CASE("held tensors stay attached: a later gradient includes the conditioner") {
  const Tensor x = normal({2, 3}, 5);
  for (const DimwiseMethod method : {DimwiseMethod::reverse, DimwiseMethod::taylor})
    for (int k = 1; k <= 2; ++k) {
      Toy toy(3);
      const Tensor weights = toy.a;
      const auto loss = [&](const Tensor& a) {
        Toy moved = toy;
        moved.a = a;
        return sum(square(dimwise::dimwise(moved, x, k, method).back()));
      };
      const Tensor g = grad(loss)(weights);
      const Tensor v = normal({3, 3}, 9);
      const double step = 1e-6;
      const double difference = (loss(weights + step * v).item() - loss(weights - step * v).item()) / (2 * step);
      CHECK(sum(g * v).item() == Approx(difference).epsilon(1e-7));
      CHECK(std::abs(difference) > 1e-3);
    }
}

TEST_CASE("the derivatives are zero if y does not depend on x, and for orders above 1 of an affine y") {
  const Tensor x = track(f64({1, 2})), p = track(f64({3, 4}));
  CHECK(all_zero(dimwise::dimwise(p * p, x, {})));
  CHECK(all_zero(dimwise::dimwise(f64({1, 1}), x, {.order = 2})));
  for (const DimwiseMethod method : {DimwiseMethod::reverse, DimwiseMethod::taylor}) {
    CHECK(distance(dimwise::dimwise(p * x + 1.0, x, {.method = method}), p) == 0);
    CHECK(all_zero(dimwise::dimwise(p * x + 1.0, x, {.order = 2, .method = method})));
    CHECK(all_zero(dimwise::dimwise(p * x + 1.0, x, {.order = 3, .method = method})));
  }
}

TEST_CASE("the result of the module form is recorded if and only if it depends on a tracked tensor") {
  Toy toy(3);
  const Tensor x = normal({1, 3}, 5);
  CHECK_FALSE(dimwise::dimwise(toy, x, 2)[2].tracked());
  CHECK(dimwise::dimwise(toy, track(x), 2)[2].tracked());
  toy.a = track(toy.a);
  for (const Tensor& t : dimwise::dimwise(toy, x, 2)) CHECK(t.tracked());
  const NoGrad guard;
  for (const Tensor& t : dimwise::dimwise(toy, x, 2)) CHECK_FALSE(t.tracked());
}

TEST_CASE("the tape form records its last sweep by default, and the inner ones always") {
  const Tensor x = track(f64({1, 2})), y = pow(x, 4);
  for (const DimwiseMethod method : {DimwiseMethod::reverse, DimwiseMethod::taylor}) {
    CHECK(dimwise::dimwise(y, x, {.order = 2, .method = method}).tracked());
    const Tensor d2 = dimwise::dimwise(y, x, {.order = 2, .method = method, .record = false});
    CHECK_FALSE(d2.tracked());
    CHECK(d2.values() == std::vector<double>{12, 48});
    const NoGrad guard;
    CHECK(dimwise::dimwise(y, x, {.order = 2, .method = method}).values() == std::vector<double>{12, 48});
  }
}

TEST_CASE("the number of ops does not depend on the dimension") {
  for (const DimwiseMethod method : {DimwiseMethod::reverse, DimwiseMethod::taylor})
    for (int k = 1; k <= 3; ++k) {
      std::vector<int64_t> counts;
      for (const int64_t d : {4, 16, 64, 256, 1024}) {
        const Toy toy(d);
        const Tensor x = normal({1, d});
        const int64_t before = thread_context().ops_evaluated;
        dimwise::dimwise(toy, x, k, method);
        counts.push_back(thread_context().ops_evaluated - before);
      }
      CHECK(counts == std::vector<int64_t>(5, counts[0]));
    }
}

TEST_CASE("an op without a Taylor rule throws with its name in Taylor mode, and automatic uses reverse mode") {
  const CustomRule cube{
      "cube", [](const auto& in) { return pow(in[0], 3); },
      [](const auto& in, const Tensor&, const Tensor& w) { return std::vector<Tensor>{w * 3.0 * square(in[0])}; }};
  const CustomRule with_jvp{"cube", cube.forward, cube.vjp,
                            [](const auto& in, const Tensor&, const auto& v) { return v[0] * 3.0 * square(in[0]); }};
  const Tensor x = track(f64({1, 2}));
  const Tensor y = custom(cube, {x});
  CHECK(dimwise::dimwise(y, x, {.order = 2}).values() == std::vector<double>{6, 12});
  CHECK_THAT(error_of([&] { dimwise::dimwise(y, x, {.order = 2, .method = DimwiseMethod::taylor}); }),
             Catch::Contains("[cube] has no Taylor rule"));
  static constexpr Op twice{"twice",
                            [](std::span<const Tensor> in, const Attributes&) { return 2.0 * stop_gradient(in[0]); }};
  CHECK_THAT(error_of([&] { Tape({apply(twice, {x})}, {x}).push({x}); }),
             Catch::Contains("[twice] has no Taylor rule"));
  const Tensor z = custom(with_jvp, {x});
  CHECK(dimwise::dimwise(z, x, {.order = 2, .method = DimwiseMethod::taylor}).values() == std::vector<double>{6, 12});
}

TEST_CASE("dimwise rejects invalid arguments with these messages") {
  const Tensor x = track(f64({1, 2}));
  CHECK(error_of([&] { dimwise::dimwise(x * x, x, {.order = 0}); }) == "[dimwise] order 0 requested. Use 1 or more.");
  CHECK(error_of([&] { dimwise::dimwise(sum(x), x, {}); }) ==
        "[dimwise] y has shape (), but x has (2,). Dimension-wise derivatives need one output for each input.");
  CHECK_THAT(error_of([&] {
               dimwise::dimwise(x * x, f64({1, 2}), {});
             }),
             Catch::Contains("[tape] an input is not tracked"));
  CHECK_THAT(error_of([&] { dimwise::dimwise(x * x, x, {.holding = {x}}); }), Catch::Contains("[holding]"));
}

TEST_CASE(
    "during its lifetime, DiagonalCheck catches a transformer that mixes positions and a conditioner that leaks") {
  struct Mixing : Toy {
    using Toy::Toy;
    Tensor transformer(const Tensor& x, const Tensor& h) const { return flip(x, -1) * h; }
  };
  struct Leaking : Toy {
    using Toy::Toy;
    Tensor conditioner(const Tensor& x) const { return Toy::conditioner(x) + 0.01 * x; }
  };
  const Tensor x = normal({2, 3}, 5);
  const Mixing mixing(3);
  const Leaking leaking(3);
  {
    const DiagonalCheck check;
    CHECK_NOTHROW(dimwise::dimwise(Toy(3), x, 2));
    CHECK_THAT(
        error_of([&] { dimwise::dimwise(mixing, x); }),
        Catch::Contains("[dimwise] the Jacobian past the held tensors is not diagonal: vᵀJ and v⊙(1ᵀJ) differ by ") &&
            Catch::Contains(". Hold every tensor through which y_i depends on x_j, j ≠ i."));
    CHECK_THAT(error_of([&] { dimwise::dimwise(leaking, x); }), Catch::Contains("[dimwise] the conditioner leaks: h_"));
    const Tensor t = track(x), h = Toy(3).conditioner(t);
    CHECK_THROWS_AS(dimwise::dimwise(t * h, t, {}), ValueError);
    CHECK_NOTHROW(dimwise::dimwise(t * h, t, {.holding = {h}}));
    const DiagonalCheck off(false);
    CHECK_NOTHROW(dimwise::dimwise(mixing, x));
  }
}

TEST_CASE("a DiagonalCheck checks every position of a single row, and for NaN") {
  const DiagonalCheck check;
  const Tensor x = normal({1, 8}, 5);
  struct Leak {
    int64_t place;
    Tensor conditioner(const Tensor& x) const {
      std::vector<double> own(8);
      own[static_cast<size_t>(place)] = 1;
      return sum(x, {-1}, true) - x + x * f64(own);
    }
    Tensor transformer(const Tensor& x, const Tensor& h) const { return x * h; }
  };
  for (int64_t place = 0; place < 8; ++place)
    CHECK_THAT(error_of([&] { dimwise::dimwise(Leak{place}, x); }),
               Catch::Contains("the conditioner leaks: h_" + std::to_string(place)));
  const Tensor t = track(f64({0, 1}));
  CHECK_THAT(error_of([&] { dimwise::dimwise(log(t), t, {}); }), !Catch::Contains("NaN"));
  CHECK_THAT(error_of([&] { dimwise::dimwise(sqrt(t - 1.0), t, {}); }), Catch::Contains("is NaN in column 0"));
}

TEST_CASE("a DiagonalCheck calls the conditioner once for each position of a row, at most eight times") {
  struct Counted {
    int64_t* calls;
    Tensor conditioner(const Tensor& x) const {
      ++*calls;
      return zeros_like(x);
    }
    Tensor transformer(const Tensor& x, const Tensor& h) const { return x + h; }
  };
  const auto calls_for = [](const Shape& shape) {
    const DiagonalCheck check;
    int64_t calls = 0;
    dimwise::dimwise(Counted{&calls}, normal(shape));
    return calls - 1;
  };
  CHECK(calls_for({1, 3}) == 3);
  CHECK(calls_for({2, 5}) == 3);
  CHECK(calls_for({9, 5}) == 1);
  CHECK(calls_for({1, 100}) == 8);
}

TEST_CASE("a DiagonalCheck finds that one position depends on another, for each pair of 14, at every call") {
  const DiagonalCheck check;
  for (int call = 0; call < 16; ++call)
    for (int64_t i = 0; i < 14; ++i)
      for (int64_t j = 0; j < 14; ++j) {
        if (i == j) continue;
        const Tensor x = track(ones({14}, DType::float64));
        std::vector<double> at(14);
        at[static_cast<size_t>(i)] = 1;
        REQUIRE_THROWS_AS(dimwise::dimwise(x + f64(at) * select(x, 0, j), x, {}), ValueError);
      }
}

TEST_CASE("a DiagonalCheck takes rounding for no mixing, in either dtype, but finds mixing just above it") {
  const DiagonalCheck check;
  for (const DType dtype : {DType::float32, DType::float64})
    for (const double size : {1e-6, 1.0, 1e6})
      for (uint64_t seed = 0; seed < 20; ++seed) {
        const Tensor x = track(Rng(seed).normal({8}, dtype)), w = size * Rng(seed + 50).normal({8}, dtype);
        // w x as the rounded difference of two sums, each weighted by itself.
        const Tensor own = sum(w * x, {-1}, true) - sum_of_others(w * x, -1);
        CHECK_NOTHROW(dimwise::dimwise(own, x, {}));
        const double leak = size * (dtype == DType::float32 ? 1e-2 : 1e-8);
        CHECK_THROWS_AS(dimwise::dimwise(own + leak * flip(x, 0), x, {}), ValueError);
      }
}

TEST_CASE("an infinite derivative or value does not hide a dependence elsewhere") {
  const DiagonalCheck check;
  const Tensor t = track(f64({0, 1, 2}));
  CHECK_NOTHROW(dimwise::dimwise(log(t), t, {}));
  CHECK_THROWS_AS(dimwise::dimwise(log(t) + 0.5 * flip(t, 0), t, {}), ValueError);
  struct Infinite {
    double leak;
    Tensor conditioner(const Tensor& x) const { return stack({log(zeros_like(x)), leak * x}, -1); }
    Tensor transformer(const Tensor& x, const Tensor& h) const { return x * select(h, -1, 1); }
  };
  CHECK_NOTHROW(dimwise::dimwise(Infinite{0}, t));
  CHECK_THROWS_AS(dimwise::dimwise(Infinite{0.5}, t), ValueError);
}

TEST_CASE("derivatives that are subnormal, or too large for some products, are diagonal") {
  const DiagonalCheck check;
  const std::pair<DType, std::vector<double>> values[] = {{DType::float32, {-103, -100, -88, 85, 88, 89}},
                                                          {DType::float64, {-744, -740, -709, 706, 709, 710}}};
  for (const auto& [dtype, at] : values)
    for (const double value : at) {
      const Tensor x = track(full({14}, value, dtype));
      for (int call = 0; call < 16; ++call) {
        CHECK_NOTHROW(dimwise::dimwise(exp(x), x, {}));
        CHECK_NOTHROW(dimwise::dimwise(sigmoid(x), x, {}));
        CHECK_NOTHROW(dimwise::dimwise(0.3 * exp(0.5 * (2.0 * x)), x, {}));
      }
    }
}

TEST_CASE("a DiagonalCheck takes rounding for no leak, in either dtype, but finds a leak just above it") {
  const DiagonalCheck check;
  struct Pooled {
    double leak;
    // A component that is 0, and one of which each element is the rounded difference of large numbers.
    Tensor conditioner(const Tensor& x) const { return stack({zeros_like(x), sum(x, {-1}, true) - x + leak * x}, -1); }
    Tensor transformer(const Tensor& x, const Tensor& h) const { return x * select(h, -1, 1); }
  };
  for (const DType dtype : {DType::float32, DType::float64}) {
    const double leak = dtype == DType::float32 ? 1e-2 : 1e-8;
    for (const double size : {1.0, 1e6})
      for (uint64_t seed = 0; seed < 20; ++seed) {
        const Tensor x = size * astype(Rng(seed).normal({8}, DType::float64), dtype);
        CHECK_NOTHROW(dimwise::dimwise(Pooled{0}, x));
        CHECK_THROWS_AS(dimwise::dimwise(Pooled{leak}, x), ValueError);
      }
  }
  // The sum of two infinite derivatives is infinite, and their difference NaN.
  const Tensor t = track(f64({0, 0}));
  CHECK_THROWS_AS(dimwise::dimwise(log(t) + flip(log(t), 0), t, {}), ValueError);
}

TEST_CASE(
    "a Jacobian that is not diagonal is detected without a DiagonalCheck, at the first calls and occasionally later") {
  const Tensor x = track(f64({2, 3}));
  CHECK_THROWS_AS(dimwise::dimwise(x * flip(x, 0), x, {}), ValueError);
  // Weights that are initially zero hide it.
  int64_t found = 0;
  for (int64_t call = 1; call <= 64; ++call) {
    const Tensor y = square(x) + (call < 10 ? 0.0 : 0.1) * flip(x, 0);
    try {
      dimwise::dimwise(y, x, {});
    } catch (const ValueError&) {
      found = found ? found : call;
    }
  }
  CHECK(found == 16);
}

TEST_CASE("an empty batch has empty derivatives") {
  const Toy toy(3);
  const DiagonalCheck check;
  for (const Tensor& t : dimwise::dimwise(toy, zeros({0, 3}, DType::float64), 2)) CHECK(t.shape() == Shape{0, 3});
  CHECK(divergence(toy, zeros({0, 3}, DType::float64)).shape() == Shape{0});
}

}  // namespace dimwise::dimwise_tests
