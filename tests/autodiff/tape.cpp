#include "autodiff/tape.hpp"

#include "autodiff/debug/print.hpp"
#include "autodiff/op.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::tape_tests {

TEST_CASE("a tape contains exactly the ops between inputs and outputs, in the order of recording") {
  const Tensor x = track(f64({1, 2})), p = track(f64(3));
  const Tensor aside = exp(x), h = sin(x), q = p * p, y = sum(h * q);
  const Tape tape({y}, {x});
  REQUIRE(tape.size() == 3);
  CHECK(tape.nodes()[0].node() == h.node());
  CHECK(tape.nodes()[2].node() == y.node());
  CHECK(tape.has_captures());
  CHECK_FALSE(Tape({h}, {x}).has_captures());
  CHECK(Tape({y}, {x, p}).size() == 4);
  CHECK_FALSE(Tape({y}, {x, p}).has_captures());
  CHECK(Tape({y}, {x}, {.holding = {h}}).size() == 0);
  CHECK(Tape({y, aside}, {x}).size() == 4);
}

TEST_CASE("a tape prints one line per op, and draws edges from held tensors dashed") {
  const Tensor x = track(f64({1, 2})), h = sin(x), y = mul(h, exp(x)) + f64(1);
  const Tape tape({y}, {x}, {.holding = {h}});
  CHECK(str(tape) ==
        "%0 = exp(x0)  (2,) float64\n"
        "%1 = mul(h0, %0)  (2,) float64\n"
        "%2 = add(%1, constant)  (2,) float64\n");
  CHECK(to_dot(tape) ==
        "digraph tape {\n"
        "  rankdir=LR;\n"
        "  node [shape=box];\n"
        "  \"%0\" [label=\"exp\\n(2,)\"];\n"
        "  \"x0\" -> \"%0\";\n"
        "  \"%1\" [label=\"mul\\n(2,)\"];\n"
        "  \"h0\" -> \"%1\" [style=dashed];\n"
        "  \"%0\" -> \"%1\";\n"
        "  \"%2\" [label=\"add\\n(2,)\"];\n"
        "  \"%1\" -> \"%2\";\n"
        "}\n");
}

TEST_CASE("several outputs are pulled together, and an output that is also an input gets its cotangent") {
  const Tensor x = track(f64({1, 2})), y = x * x;
  const Tape tape({y, x, y}, {x});
  CHECK(tape.pull({f64({1, 1}), f64({10, 10}), Tensor()})[0].values() == std::vector<double>{12, 14});
  CHECK(tape.push({f64({1, 1})})[1].values() == std::vector<double>{1, 1});
}

TEST_CASE("an input may be computed from another one, whichever comes first, and have a shorter series") {
  const Tensor x = track(f64({1, 2})), z = square(x), y = z * x, v = f64({3, 5}), u = f64({7, 11});
  const Tensor by_z = x, by_x = z + 2.0 * x * x;  // through z too
  for (const bool first : {true, false}) {
    const auto pair = [&](const Tensor& of_z, const Tensor& of_x) {
      return first ? std::vector<Tensor>{of_z, of_x} : std::vector<Tensor>{of_x, of_z};
    };
    const Tape tape({y}, pair(z, x));
    const std::vector<Tensor> g = tape.pull({v}), expected = pair(v * by_z, v * by_x);
    for (size_t i = 0; i < 2; ++i) CHECK(distance(g[i], expected[i]) == 0);
    CHECK(distance(tape.push(pair(u, v))[0], u * by_z + v * by_x) == 0);
  }
  // An op whose output does not move with its input.
  static constexpr Op sign{"sign", [](std::span<const Tensor> in, const Attributes&) { return ones_like(in[0]); },
                           nullptr, [](const Call& call, std::span<const Series>) { return Series(call.output); }};
  const Tensor s = apply(sign, {x}), p = s * x;
  const Series series = Tape({p}, {s, x}).jet({{u, v}, {v, u}})[0];
  CHECK(distance(series.at(1), s * v + x * u) == 0);
  CHECK(distance(series.at(2), s * u + x * v + u * v) == 0);
}

TEST_CASE("there must be one direction for each tensor") {
  const Tensor x = track(f64(1)), y = x * x;
  const Tape tape({y}, {x});
  CHECK(error_of([&] { tape.pull({}); }) ==
        "[pull] 0 directions for 1 tensors. Give one for each (undefined for zero).");
  CHECK(error_of([&] {
          tape.push({f64(1), f64(1)});
        }) == "[push] 2 directions for 1 tensors. Give one for each (undefined for zero).");
  CHECK(error_of([&] {
          tape.jet({{f64(1)}, {f64(1)}});
        }) == "[jet] 2 directions for 1 tensors. Give one for each (undefined for zero).");
  CHECK(error_of([&] { Tape({Tensor()}, {x}); }) == "[tape] an output is undefined. Give it a value.");
}

TEST_CASE("holding rejects invalid tensors, and accepts ones that do not depend on x") {
  const Tensor x = track(f64({1, 2})), h = sin(x), y = h * x;
  const auto hold = [&](const Tensor& t) { return error_of([&] { Tape({y}, {x}, {.holding = {t}}); }); };
  const std::string itself = "[holding] the held tensor is itself an input or an output. Hold an intermediate tensor.";
  CHECK(hold(x) == itself);
  CHECK(hold(y) == itself);
  CHECK(hold(reshape(h, {2, 1})) ==
        "[holding] the held tensor of shape (2, 1) depends on an input, but no output uses it. Hold the tensor that "
        "was consumed itself, not a reshape of it.");
  CHECK(hold(Tensor()) == "[holding] a held tensor is undefined. Give it a value.");
  CHECK(hold(track(f64(1))) == "nothing was thrown");
  CHECK(hold(f64(1)) == "nothing was thrown");
}

TEST_CASE("captured returns the tracked tensors that a function captures, each once") {
  const Tensor p = track(f64(2)), q = p * p, x = f64(1);
  const uint64_t begin = next_sequence();
  const Tensor a = alias(x), y = q * a + q * p;
  const auto found = captured(y, {a}, begin);
  REQUIRE(found.size() == 2);
  CHECK(found[0].node() == p.node());
  CHECK(found[1].node() == q.node());
  // What a captured tensor was computed from is not captured.
  const auto one = captured(q * a, {a}, begin);
  REQUIRE(one.size() == 1);
  CHECK(one[0].node() == q.node());
}

}  // namespace dimwise::tape_tests
