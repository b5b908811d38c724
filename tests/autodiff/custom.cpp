#include "autodiff/custom.hpp"

#include "autodiff/gradcheck.hpp"
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

TEST_CASE("an op of one's own nests to any order, with a jvp or without") {
  for (const CustomRule& rule : {wave(), without_jvp()})
    CHECK_NOTHROW(check_grads([&](const auto& in) { return custom(rule, in); }, {normal({3}), normal({3}, 2)},
                              {.order = 3, .tolerance = 1e-5}));
}

TEST_CASE("the rule is used instead of what the ops inside would give") {
  CustomRule wrong = wave();
  wrong.vjp = [](const auto&, const Tensor&, const Tensor& w) { return std::vector<Tensor>{7.0 * w, Tensor()}; };
  const Tensor a = track(f64(2)), b = track(f64(1));
  const auto g = grad(custom(wrong, {a, b}), {a, b});
  CHECK(g[0].item() == 7);
  CHECK(g[1].item() == 0);  // undefined is zero
}

TEST_CASE("a jvp lets push through, once") {
  const Tensor a = track(f64(2)), b = track(f64(1)), y = custom(wave(), {a, b});
  const Tape tape({y}, {a, b});
  CHECK(tape.push({f64(1), Tensor()})[0].item() == std::sin(1.0));
  CHECK(tape.push({Tensor(), f64(1)})[0].item() == 2 * std::cos(1.0));
  CHECK(tape.has_jets());
  CHECK_FALSE(tape.has_jets(2));
  CHECK(error_of([&] {
          tape.jet({{f64(1), Tensor()}, {f64(1), Tensor()}});
        }) == "[custom] 'wave' has no Taylor rule beyond order 1. Use reverse mode.");
  const Tape reverse({custom(without_jvp(), {a, b})}, {a, b});
  CHECK_FALSE(reverse.has_jets());
  CHECK(error_of([&] {
          reverse.push({f64(1), f64(1)});
        }) == "[custom] 'wave' has no jvp: push, jet and Taylor mode cannot pass it. Use reverse mode.");
}

TEST_CASE("a rule whose results do not fit is named") {
  const Tensor a = track(f64({1, 2})), b = track(f64({3, 4}));
  const auto pulled = [&](const CustomRule& rule) { return error_of([&] { grad(sum(custom(rule, {a, b})), a); }); };
  CustomRule rule = wave();
  rule.vjp = [](const auto&, const Tensor&, const Tensor& w) { return std::vector<Tensor>{w}; };
  CHECK(pulled(rule) == "[custom] the vjp of 'wave' gave 1 cotangents for 2 inputs.");
  rule.vjp = [](const auto&, const Tensor&, const Tensor& w) { return std::vector<Tensor>{sum(w), w}; };
  CHECK(pulled(rule) == "[custom] the vjp of 'wave' gave shape () for input 0 of shape (2,).");
  rule.jvp = [](const auto&, const Tensor&, const auto& v) { return sum(v[0]); };
  CHECK(error_of([&] {
          jvp(custom(rule, {a, b}), a, ones_like(a));
        }) == "[custom] the jvp of 'wave' gave shape () for an output of shape (2,).");
  rule.forward = [](const auto&) { return Tensor(); };
  CHECK_THROWS_AS(custom(rule, {a, b}), ValueError);
}

TEST_CASE("the forward of an op of one's own is not recorded inside") {
  const Tensor a = track(f64(2)), b = track(f64(1)), y = custom(wave(), {a, b});
  CHECK(Tape({y}, {a, b}).size() == 1);
  CHECK_FALSE(custom(wave(), {f64(2), f64(1)}).tracked());
}

}  // namespace dimwise::custom_tests
