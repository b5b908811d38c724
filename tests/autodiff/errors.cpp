// Invalid arguments are rejected with an Error before memory is accessed.
#include "autodiff/base/error.hpp"

#include "autodiff/custom.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::errors_tests {

using Catch::Matchers::Contains;

TEST_CASE("a negative axis counts from the end, and an axis must exist") {
  const Shape shape{2, 3};
  CHECK(shape[-1] == 3);
  CHECK(shape[-2] == 2);
  CHECK_THROWS_AS(shape[2], ShapeError);
  CHECK_THROWS_AS(shape[-3], ShapeError);
  CHECK_THROWS_AS(Shape{}[0], ShapeError);
}

TEST_CASE("an intermediate whose memory was donated cannot be an operand") {
  const Tensor x = track(f64({1, 2, 3}));
  const Tensor y = tanh(x + 1.0);
  const Tensor sum_node = Tape({y}, {x}).nodes()[0];
  CHECK_THROWS_WITH(mean(sum_node), Contains("were overwritten by a later op"));
  CHECK_THROWS_WITH(sum_node + 1.0, Contains("[add]"));
  CHECK_THROWS_AS(sum_node.values(), ValueError);
}

TEST_CASE("rules whose outputs were overwritten do not read them") {
  const Tensor x = track(f64({-1, 0.5, 2})), zero = zeros({3}, DType::float64);
  for (const bool record : {true, false})
    for (const auto& f : std::vector<std::function<Tensor(const Tensor&)>>{
             [&](const Tensor& t) { return tanh(maximum(t, zero)); },
             [&](const Tensor& t) { return tanh(minimum(t, zero)); },
             [](const Tensor& t) { return tanh(maximum(t, scalar(0, DType::float64))); },
             [](const Tensor& t) { return tanh(t / 3.0 / scalar(2, DType::float64)); }}) {
      const Tensor g = grad(sum(f(x)), x, {.record = record});
      for (int64_t i = 0; i < 3; ++i) {
        const double h = 1e-6, at = x.values()[static_cast<size_t>(i)];
        const auto value = [&](double v) {
          std::vector<double> all = x.values();
          all[static_cast<size_t>(i)] = v;
          return sum(f(f64(all))).item();
        };
        CHECK(g.values()[static_cast<size_t>(i)] == Approx((value(at + h) - value(at - h)) / (2 * h)).margin(1e-8));
      }
    }
}

TEST_CASE("an invalid custom rule is rejected") {
  const Tensor x = track(tensor({1, 2}));
  const auto same = [](const std::vector<Tensor>& in) { return in[0]; };
  const CustomRule wide{"wide", same, [](const std::vector<Tensor>&, const Tensor&, const Tensor& w) {
                          return std::vector<Tensor>{astype(w, DType::float64)};
                        }};
  CHECK_THROWS_AS(grad(sum(custom(wide, {x})), x), DTypeError);
  CHECK_THROWS_WITH(custom({"empty", nullptr, wide.vjp}, {x}), "[empty] the custom rule has no forward. Give it both.");
  CHECK_THROWS_WITH(custom({"", same, wide.vjp}, {x}), Contains("[custom] the rule has no name"));
  CHECK_THROWS_WITH(custom({"half", same, nullptr}, {x}), "[half] the custom rule has no vjp. Give it both.");
  CHECK_THROWS_WITH(custom({"none", [](const std::vector<Tensor>&) { return Tensor(); }, wide.vjp}, {x}),
                    Contains("[none] the forward returned an undefined value"));
}

TEST_CASE("a tensor larger than memory is a ValueError") {
  CHECK_THROWS_WITH(zeros({int64_t{1} << 46}), Contains("MiB, which the system cannot allocate. Use a smaller shape"));
  CHECK_THROWS_AS(zeros({int64_t{1} << 61}), Error);
}

}  // namespace dimwise::errors_tests
