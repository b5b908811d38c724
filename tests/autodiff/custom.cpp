#include "autodiff/custom.hpp"

#include "autodiff/checkpoint.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::custom_tests {

namespace {

// a·sin(b), with rules written in public ops.
CustomRule wave() {
  return {"wave", [](const auto& in) { return in[0] * sin(in[1]); },
          [](const auto& in, const Tensor&, const Tensor& w) {
            return std::vector<Tensor>{w * sin(in[1]), w * in[0] * cos(in[1])};
          },
          [](const auto& in, const Tensor&, const auto& v) { return v[0] * sin(in[1]) + v[1] * in[0] * cos(in[1]); }};
}
CustomRule without_jvp() {
  CustomRule rule = wave();
  rule.jvp = nullptr;
  return rule;
}

}  // namespace

TEST_CASE("a custom op has derivatives of any order, with or without a jvp") {
  for (const CustomRule& rule : {wave(), without_jvp()})
    CHECK_NOTHROW(check_grads([&](const auto& in) { return custom(rule, in); }, {normal({3}), normal({3}, 2)},
                              {.order = 3, .tolerance = 1e-5}));
}

TEST_CASE("the rule is used instead of the derivative of the inner ops") {
  CustomRule wrong = wave();
  wrong.vjp = [](const auto&, const Tensor&, const Tensor& w) { return std::vector<Tensor>{7.0 * w, Tensor()}; };
  const Tensor a = track(f64(2)), b = track(f64(1));
  const auto g = grad(custom(wrong, {a, b}), {a, b});
  CHECK(g[0].item() == 7);
  CHECK(g[1].item() == 0);  // undefined is zero
}

TEST_CASE("a jvp gives push and jets of every order") {
  const auto plain = [](const Tensor& a, const Tensor& b) { return a * sin(b); };
  const Tensor a = track(normal({3})), b = track(normal({3}, 2)), y = custom(wave(), {a, b});
  const Tape tape({y}, {a, b}), expected({plain(a, b)}, {a, b});
  CHECK(tape.has_jets());
  const Tensor u = normal({3}, 3), v = normal({3}, 4), w = normal({3}, 5);
  CHECK(distance(tape.push({u, Tensor()})[0], expected.push({u, Tensor()})[0]) < 1e-14);
  const std::vector<std::vector<std::vector<Tensor>>> directions{
      {{u, v, w, u}, {v, w, u, w}}, {{u, Tensor(), Tensor(), Tensor()}, {}}, {{}, {v, Tensor(), w}}};
  for (const auto& direction : directions) {
    const Series given = tape.jet(direction)[0], right = expected.jet(direction)[0];
    REQUIRE(given.order() == right.order());
    for (int k = 1; k <= given.order(); ++k) {
      const Tensor zero = zeros({3}, DType::float64);
      CHECK(distance(given.at(k).defined() ? given.at(k) : zero, right.at(k).defined() ? right.at(k) : zero) < 1e-13);
    }
  }
  // A recorded jet is differentiated again.
  const auto third = [](const Tensor& y, const Tensor& a, const Tensor& b, const Tensor& u) {
    return grad(sum(Tape({y}, {a, b}).jet({{u, u}, {u, u}})[0].at(2)), b);
  };
  CHECK(distance(third(y, a, b, u), third(plain(a, b), a, b, u)) < 1e-13);
}

TEST_CASE("a rule without a jvp has no Taylor rule, and the error names it") {
  const Tensor a = track(f64(2)), b = track(f64(1));
  const Tape reverse({custom(without_jvp(), {a, b})}, {a, b});
  CHECK_FALSE(reverse.has_jets());
  const std::string expected =
      "[wave] has no Taylor rule: push, jet and Taylor mode cannot differentiate it. Give it one (the jvp of a custom "
      "rule, the jet of an op), or use reverse mode.";
  CHECK(error_of([&] { reverse.push({f64(1), f64(1)}); }) == expected);
  CHECK(error_of([&] { reverse.jet({{f64(1)}, {f64(1)}}); }) == expected);
  // As part of another op's series.
  CHECK(error_of([&] {
          jvp(checkpoint([&](const auto& in) { return custom(without_jvp(), in); }, {a, b}), a, f64(1));
        }) == expected);
}

TEST_CASE(
    "a rule that uses a tensor of its forward is correct for one derivative, and an error where it would be wrong") {
  Tensor kept;
  const CustomRule rule{"square",
                        [&](const auto& in) {
                          kept = 2.0 * in[0];
                          return in[0] * in[0];
                        },
                        [&](const auto&, const Tensor&, const Tensor& w) { return std::vector<Tensor>{w * kept}; }};
  const Tensor x = track(f64(3)), y = custom(rule, {x});
  CHECK(grad(y, x, {.record = false}).item() == 6);
  CHECK_THAT(error_of([&] { grad(y, x); }),
             Catch::Contains("was computed by the forward of a custom rule, which is not recorded"));
  const CustomRule constant{
      "step",
      [&](const auto& in) {
        kept = in[0] > 0.0;
        return in[0] * kept;
      },
      [&](const auto&, const Tensor&, const Tensor& w) { return std::vector<Tensor>{w * stop_gradient(kept)}; }};
  CHECK(grad(custom(constant, {x}), x).item() == 1);
}

TEST_CASE("an error names a rule whose results do not fit") {
  const Tensor a = track(f64({1, 2})), b = track(f64({3, 4}));
  const auto pulled = [&](const CustomRule& rule) { return error_of([&] { grad(sum(custom(rule, {a, b})), a); }); };
  CustomRule rule = wave();
  rule.vjp = [](const auto&, const Tensor&, const Tensor& w) { return std::vector<Tensor>{w}; };
  CHECK(pulled(rule) == "[wave] the vjp returned 1 cotangents for 2 inputs. Return one for each (undefined for zero).");
  rule.vjp = [](const auto&, const Tensor&, const Tensor& w) { return std::vector<Tensor>{sum(w), w}; };
  CHECK(pulled(rule) == "[wave] the vjp returned shape (), expected (2,).");
  rule.jvp = [](const auto&, const Tensor&, const auto& v) { return sum(v[0]); };
  CHECK(error_of([&] {
          jvp(custom(rule, {a, b}), a, ones_like(a));
        }) == "[wave] the jvp returned shape (), expected (2,).");
  rule.forward = [](const auto&) { return Tensor(); };
  CHECK_THROWS_AS(custom(rule, {a, b}), ValueError);
}

TEST_CASE("the ops in the forward of a custom op are not recorded") {
  const Tensor a = track(f64(2)), b = track(f64(1)), y = custom(wave(), {a, b});
  CHECK(Tape({y}, {a, b}).size() == 1);
  CHECK_FALSE(custom(wave(), {f64(2), f64(1)}).tracked());
}

}  // namespace dimwise::custom_tests
