// An op overwrites only an operand that can be donated.
#include <functional>

#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/debug/detect_anomaly.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::reuse_tests {

namespace {

const void* place(const Tensor& x) { return x.data<double>().data(); }

// An op of one operand, which is moved into it.
using Unary = std::function<Tensor(Tensor)>;
const Unary negated = [](Tensor x) { return neg(std::move(x)); };
const Unary halved = [](Tensor x) { return scale(std::move(x), 0.5); };
const Unary exponential = [](Tensor x) { return exp(std::move(x)); };
const Unary sine = [](Tensor x) { return sin(std::move(x)); };
const Unary doubled = [](Tensor x) { return mul(std::move(x), f64({2, 2, 2})); };
const Unary shifted = [](Tensor x) { return add(f64({1, 1, 1}), std::move(x)); };

struct Layer {
  Tensor x = track(normal({4, 2})), weight = normal({3, 2}, 2), bias = normal({3}, 3);
  Tensor operator()() const { return linear(x, weight, bias); }
};

// Whether `op` reuses the memory of the result of `make`, which has no other reference.
bool reuses(const Unary& op, const std::function<Tensor()>& make) {
  Tensor z = make();
  const void* const there = place(z);
  return place(op(std::move(z))) == there;
}

}  // namespace

TEST_CASE("an op reuses the memory of a temporary that no rule reads") {
  const Layer layer;
  // When recorded, the rule of exp reads its output, and those of sin and mul their inputs.
  for (const Unary& op : {negated, halved, exponential, shifted}) CHECK(reuses(op, layer));
  for (const Unary& op : {sine, doubled}) CHECK_FALSE(reuses(op, layer));
  const NoGrad guard;
  for (const Unary& op : {negated, halved, exponential, sine, doubled, shifted}) CHECK(reuses(op, layer));
}

TEST_CASE("a tensor that its producer's rule reads is not overwritten") {
  const Tensor x = track(f64({1, 2, 3}));
  const auto make = [&] { return exp(x); };
  for (const Unary& op : {negated, halved, exponential, shifted}) {
    CHECK_FALSE(reuses(op, make));
    const Tensor y = op(make());
    const Tape tape({y}, {x});
    CHECK(distance(tape.nodes()[0], exp(x)) == 0);
  }
  const NoGrad guard;
  CHECK(reuses(negated, make));
}

TEST_CASE("a tensor with another reference is not overwritten: a variable, a leaf, a tensor on the same memory") {
  const Layer layer;
  for (const bool record : {true, false}) {
    const GradMode recorded(record);
    const Tensor z = layer(), values = z + 0.0;
    const Tensor flat = reshape(z, {12}), constant = stop_gradient(z), leaf = track(z);
    for (const Unary& op : {negated, halved, exponential, sine, shifted, doubled}) {
      op(z);
      op(reshape(z, {4, 3}));
      op(stop_gradient(z));
      op(track(z));
      add(z, z);
      CHECK(distance(z, values) == 0);
    }
    CHECK(distance(flat, reshape(values, {12})) == 0);
    CHECK(distance(constant, values) == 0);
    CHECK(distance(leaf, values) == 0);
    CHECK_FALSE(reuses([](const Tensor& y) { return add(y, y); }, layer));
  }
  // A tracked leaf cannot be recomputed from a history.
  CHECK_FALSE(reuses(negated, [] { return track(f64({1, 2, 3})); }));
}

TEST_CASE("sweeps after memory was reused give the same results as with all tensors kept") {
  const Layer layer;
  const Tensor &x = layer.x, w = normal({4, 3}, 4);
  const auto chain = [&](std::vector<Tensor>* held) {
    const auto hold = [&](Tensor t) {
      if (held) held->push_back(t);
      return t;
    };
    const auto on = [&](const Unary& op, Tensor t) { return held ? op(hold(t)) : op(std::move(t)); };
    Tensor y = on(exponential, on(negated, layer()));
    Tensor z = on(sine, on(halved, on(shifted, layer())));
    z = on(exponential, on(doubled, on(negated, exp(std::move(z)))));
    return held ? hold(y) + hold(z) : std::move(y) + std::move(z);
  };
  std::vector<Tensor> held;
  const Tensor kept = chain(&held), reused = chain(nullptr);
  CHECK(distance(reused, kept) == 0);
  const Tape a({kept}, {x}), b({reused}, {x});
  REQUIRE(a.size() == b.size());
  CHECK(distance(b.pull({w})[0], a.pull({w})[0]) == 0);
  CHECK(distance(b.push({x})[0], a.push({x})[0]) == 0);
  const Tensor first = grad(sum(reused * w), x), other = grad(sum(kept * w), x);
  CHECK(distance(grad(sum(square(first)), x), grad(sum(square(other)), x)) == 0);
  const NoGrad guard;
  CHECK(distance(b.pull({w})[0], a.pull({w})[0]) == 0);
  for (int k = 1; k <= 3; ++k) {
    const std::vector<std::vector<Tensor>> line{std::vector<Tensor>(3, ones({}, DType::float64))};
    CHECK(distance(b.jet(line)[0].at(k), a.jet(line)[0].at(k)) == 0);
  }
  CHECK(distance(w, normal({4, 3}, 4)) == 0);
}

TEST_CASE("a sweep does not overwrite cotangents that it returns or that the caller gave") {
  const Layer layer;
  const Tensor z = layer(), y = tanh(tanh(z)), w = normal({4, 3}, 4);
  const Tensor& middle = y.node()->inputs[0];
  const NoGrad guard;
  const auto together = Tape({y, y}, {layer.x, middle, z, y}).pull({w, w});
  CHECK(distance(w, normal({4, 3}, 4)) == 0);
  const Tensor twice = scale(w, 2);
  CHECK(distance(together[3], twice) == 0);
  CHECK(distance(together[1], Tape({y}, {middle}).pull({twice})[0]) == 0);
  CHECK(distance(together[2], Tape({y}, {z}).pull({twice})[0]) == 0);
  CHECK(distance(together[0], Tape({y}, {layer.x}).pull({twice})[0]) == 0);
}

TEST_CASE("reading an overwritten intermediate is an error") {
  const Layer layer;
  const Tensor y = exp(layer());
  const Tape tape({y}, {layer.x});
  CHECK_THAT(error_of([&] { tape.nodes()[0].values(); }), Catch::Contains("(4, 3) were overwritten by a later op"));
  CHECK(tape.nodes()[0].shape() == Shape{4, 3});
  CHECK_NOTHROW(tape.nodes()[1].values());
}

TEST_CASE("with an observer nothing is overwritten, so that it can read all tensors") {
  const Layer layer;
  const DetectAnomaly guard;
  for (const Unary& op : {negated, halved, exponential, shifted}) CHECK_FALSE(reuses(op, layer));
  const Tensor y = exp(layer());
  CHECK(distance(Tape({y}, {layer.x}).nodes()[0], layer()) == 0);
}

}  // namespace dimwise::reuse_tests
