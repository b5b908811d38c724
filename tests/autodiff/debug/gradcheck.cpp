#include "autodiff/debug/check_grads.hpp"

#include "autodiff/custom.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::gradcheck_tests {

namespace {
// sin, with its vjp and jvp scaled by the given factors.
Tensor sine(const Tensor& x, double vjp, double jvp) {
  return custom(
      {"sine", [](const auto& in) { return sin(in[0]); },
       [vjp](const auto& in, const Tensor&, const Tensor& w) { return std::vector<Tensor>{vjp * w * cos(in[0])}; },
       [jvp](const auto& in, const Tensor&, const auto& v) { return jvp * v[0] * cos(in[0]); }},
      {x});
}
}  // namespace

TEST_CASE("a correct rule passes, and the worst element is reported") {
  const CheckResult r = check_grads([](const auto& in) { return sine(in[0], 1, 1); }, {normal({3})});
  CHECK(r.worst < 1e-6);
  CHECK_THAT(r.where, Catch::StartsWith("order 1"));
}

TEST_CASE("differences of a smooth function keep their digits at every order and at large numbers") {
  const auto f = [](const auto& in) { return sin(in[0]) + exp(0.3 * in[0]); };
  const double bounds[] = {1e-10, 1e-8, 1e-6};
  for (int order = 1; order <= 3; ++order)
    CHECK(check_grads(f, {f64({0.3, -1.2, 2.5})}, {.order = order}).worst < bounds[order - 1]);
  CHECK(check_grads([](const auto& in) { return in[0] * in[0]; }, {f64({1e8, -3e6})}, {.order = 2}).worst < 1e-8);
}

TEST_CASE("differences of a derivative that has lost digits are taken over longer steps") {
  const auto f = [](const auto& in) {
    return custom({"square", [](const auto& x) { return square(x[0]); },
                   [](const auto& x, const Tensor&, const Tensor& w) {
                     const Tensor lost = stop_gradient(1e-11 * sin(1e9 * x[0]));
                     return std::vector<Tensor>{2.0 * w * (x[0] + lost)};
                   }},
                  in);
  };
  CHECK(check_grads(f, {normal({50})}, {.order = 1}).worst < 1e-8);
  CHECK(check_grads(f, {normal({50})}, {.order = 2}).worst < 1e-6);
}

TEST_CASE("a wrong sign or factor is caught, in reverse and in forward mode") {
  const auto check = [](double vjp, double jvp) {
    return error_of([&] { check_grads([&](const auto& in) { return sine(in[0], vjp, jvp); }, {f64(0.5)}); });
  };
  CHECK_THAT(check(-1, 1), Catch::StartsWith("[check_grads] order 1, input 0, element 0: derivative "));
  CHECK_THAT(check(1.00001, 1), Catch::Contains("above 1e-06. The rule is wrong, or f is not smooth at this point."));
  CHECK_THAT(check(1, 1.01), Catch::Contains("order 1, forward against reverse"));
}

TEST_CASE("a rule that is correct at first order and wrong at second order is caught at second order") {
  const auto f = [](const auto& in) {
    return custom({"square", [](const auto& x) { return square(x[0]); },
                   [](const auto& x, const Tensor&, const Tensor& w) {
                     return std::vector<Tensor>{2.0 * w * stop_gradient(x[0])};
                   }},
                  in);
  };
  CHECK_NOTHROW(check_grads(f, {f64(0.5)}, {.order = 1}));
  CHECK_THAT(error_of([&] { check_grads(f, {f64(0.5)}, {.order = 2}); }),
             Catch::Contains("order 2, input 0, element 0"));
}

TEST_CASE("a kink at the point is caught, and float32 is rejected") {
  CHECK_THROWS_AS(check_grads([](const auto& in) { return abs(in[0]); }, {f64({0, 1e-6})}), ValueError);
  CHECK(error_of([] { check_grads([](const auto& in) { return in[0]; }, {ones({2})}); }) ==
        "[check_grads] an input is float32. Differences need float64: cast it with astype.");
}

}  // namespace dimwise::gradcheck_tests
