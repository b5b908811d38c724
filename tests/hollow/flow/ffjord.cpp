// FFJORD's dynamics: the formula, the context's part, the traces, errors.
#include <cmath>

#include "hollow/flow/ffjord.hpp"

#include "autodiff/debug/check_grads.hpp"
#include "hollow/flow/trace.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/linalg.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/nn/unvisited.hpp"

namespace dimwise::ffjord_tests {

namespace {

constexpr DType f64 = DType::float64;

double distance(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }

FfjordNet small(int64_t rank, int64_t context = 3) {
  return FfjordNet({.d = 4, .hidden = {6, 5}, .context = context, .rank = rank, .dtype = f64}, Rng(4));
}

Tensor product(const Tensor& matrix, const Tensor& v) { return squeeze(matmul(matrix, unsqueeze(v, -1)), -1); }

// σ((W + U Vᵀ) h + w t + b + b(c)), layer after layer, for one point and one context, with explicit matrices.
Tensor by_hand(const FfjordNet& net, const Tensor& x, double t, const Tensor& c) {
  Tensor h = x;
  for (size_t l = 0; l < net.layers.size(); ++l) {
    const FfjordNet::Layer& layer = net.layers[l];
    const int64_t out = layer.linear.weight.dim(0), in = layer.linear.weight.dim(1);
    Tensor w = layer.linear.weight;
    if (layer.u.weight.defined()) {
      const int64_t rank = layer.u.weight.dim(0) / out;
      w = w + matmul(reshape(layer.u(c), {out, rank}), reshape(layer.v(c), {in, rank}), {.transpose_b = true});
    }
    // The time is an additional element of the input.
    const Tensor column = concat({h, full({1}, t, f64)}, 0);
    h = product(concat({w, layer.conditioning.time.weight}, 1), column) + layer.linear.bias +
        product(layer.conditioning.context.weight, c);
    if (l + 1 < net.layers.size()) h = softplus(h);
  }
  return h;
}

}  // namespace

TEST_CASE("FFJORD's dynamics follow the formula, with each row's context") {
  const Tensor x = Rng(9).normal({5, 4}, f64), c = Rng(8).normal({5, 3}, f64);
  for (const int64_t rank : {0, 1, 2}) {
    INFO("rank " << rank);
    const FfjordNet net = small(rank);
    const Tensor f = net(x, scalar(0.3, f64), c);
    REQUIRE(f.shape() == Shape{5, 4});
    for (int64_t i = 0; i < 5; ++i) CHECK(distance(row(f, i), by_hand(net, row(x, i), 0.3, row(c, i))) < 1e-13);
    CHECK(distance(net.prepare(c).at(scalar(0.3, f64))(x), f) == 0);
    CHECK(distance(net(x, full({5, 1}, 0.3, f64), c), f) < 1e-13);
  }
}

TEST_CASE("the context's part of FFJORD's weights is initialized to the magnitude of the weights") {
  const FfjordNet net({.d = 40, .hidden = {50}, .context = 30, .rank = 6, .dtype = f64}, Rng(4));
  const Tensor c = Rng(8).normal({30}, f64);
  for (const FfjordNet::Layer& layer : net.layers) {
    const int64_t out = layer.linear.weight.dim(0), in = layer.linear.weight.dim(1);
    const Tensor added = matmul(reshape(layer.u(c), {out, 6}), reshape(layer.v(c), {in, 6}), {.transpose_b = true});
    const double ratio = std::sqrt(mean(square(added)).item() / mean(square(layer.linear.weight)).item());
    CHECK(ratio > 0.3);
    CHECK(ratio < 3);
  }
}

TEST_CASE("the trace of a plain function is exact by reverse passes, and Hutchinson's estimate is vᵀJv") {
  const Tensor c = Rng(8).normal({3}, f64), x = Rng(9).normal({2, 4}, f64), v = Rng(7).rademacher({2, 4}, f64);
  const Function f = small(2).prepare(c).at(scalar(0.3, f64));
  const Dynamics exact = dynamics(f, x, Trace::exact), brute = dynamics(f, x, Trace::brute_force),
                 estimate = dynamics(f, x, Trace::hutchinson, v);
  CHECK(distance(exact.f, f(x)) == 0);
  CHECK(distance(estimate.f, f(x)) == 0);
  CHECK(distance(brute.trace, exact.trace) == 0);
  for (int64_t i = 0; i < 2; ++i) {
    const Tensor j = jacobian(f, row(x, i));
    CHECK(distance(diagonal(j), row(exact.diagonal, i)) < 1e-13);
    CHECK(distance(sum(diagonal(j)), row(exact.trace, i)) < 1e-13);
    CHECK(distance(sum(row(v, i) * product(j, row(v, i))), row(estimate.trace, i)) < 1e-13);
    CHECK(std::abs(row(exact.trace, i).item() - row(estimate.trace, i).item()) > 1e-3);
  }
}

TEST_CASE("FFJORD's dynamics and trace have correct gradients with respect to all inputs") {
  for (const int64_t rank : {0, 2}) {
    const FfjordNet net = small(rank);
    std::vector<Tensor> inputs{Rng(9).normal({2, 4}, f64), full({}, 0.3, f64), Rng(8).normal({2, 3}, f64)};
    for (const Tensor& p : parameters(net)) inputs.push_back(p);
    const auto loss = [&](const std::vector<Tensor>& in) {
      size_t next = 3;
      const FfjordNet with = map_parameters(net, [&](const std::string&, const Tensor&) { return in[next++]; });
      const Dynamics d = dynamics(with.prepare(in[2]).at(in[1]), in[0], Trace::exact);
      return sum(d.f * Rng(5).normal({2, 4}, f64)) + sum(square(d.trace));
    };
    CHECK(check_grads(loss, inputs, {.forward = false}).worst < 1e-6);
    std::vector<Tensor> leaves;
    for (const Tensor& t : inputs) leaves.push_back(track(t));
    for (const Tensor& g : grad(loss(leaves), leaves)) CHECK(max(abs(g)).item() > 0);
    const auto f = [&](const FfjordNet& m) { return m(inputs[0], inputs[1], inputs[2]); };
    CHECK(unvisited<FfjordNet>(net, f, inputs).empty());
  }
}

TEST_CASE("FFJORD's dynamics reject invalid arguments") {
  CHECK_THROWS_WITH(FfjordNet({.hidden = {}}, Rng(0)), Catch::Contains("0 hidden layers"));
  CHECK_THROWS_WITH(FfjordNet({.hidden = {4, 0}}, Rng(0)), Catch::Contains("hidden width 0"));
  CHECK_THROWS_WITH(FfjordNet({.context = 0, .rank = 2}, Rng(0)), Catch::Contains("rank 2 without a context"));
  CHECK_THROWS_AS(FfjordNet({.context = 2, .rank = -1}, Rng(0)), ValueError);
  const Tensor x = ones({2, 4}, f64), t = scalar(0, f64), c = ones({2, 3}, f64);
  const FfjordNet net = small(2), plain = small(0, 0);
  CHECK_THROWS_WITH(net(x, t), Catch::Contains("depends on a context"));
  CHECK_THROWS_WITH(net(x, {}, c), Catch::Contains("depends on time"));
  CHECK_THROWS_WITH(plain(x, t, c), Catch::Contains("constructed without one"));
  CHECK(plain(x, t).shape() == Shape{2, 4});
}

}  // namespace dimwise::ffjord_tests
