// Dimension-wise derivatives of every net against brute force, in every order, by both methods.
#include "autodiff/context.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/net/brute_force.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/hollow/net/nets.hpp"

namespace dimwise::dimension_wise_tests {

using dimwise::test::brute_force;
using dimwise::test::every_net;

namespace {

double distance(const Tensor& a, const Tensor& b) {
  double worst = 0;
  const auto x = a.values(), y = b.values();
  REQUIRE(x.size() == y.size());
  for (size_t i = 0; i < x.size(); ++i) worst = std::max(worst, std::abs(x[i] - y[i]) / (1 + std::abs(y[i])));
  return worst;
}

const Tensor t = scalar(0.3, DType::float64);

}  // namespace

TEST_CASE("dimwise equals the brute-force diagonal, for every conditioner and transformer") {
  const double tolerance[] = {1e-12, 1e-10, 1e-8, 1e-6};
  for (const int64_t d : {1, 2, 3, 8, 64, 257}) {
    constexpr int order = 3;
    const Tensor x = Rng(3).normal({2, d}, DType::float64), context = Rng(4).normal({2, 2}, DType::float64);
    for (const auto& [name, net] : every_net(d)) {
      INFO(name << ", d = " << d);
      const auto bound = net.prepare(context).at(t);
      const std::vector<Tensor> truth = brute_force(bound, x, order);
      for (const DimwiseMethod method : {DimwiseMethod::reverse, DimwiseMethod::taylor, DimwiseMethod::automatic}) {
        const DiagonalCheck check;
        const std::vector<Tensor> ours = dimwise::dimwise(bound, x, order, method);
        REQUIRE(ours.size() == static_cast<size_t>(order) + 1);
        for (int k = 0; k <= order; ++k) {
          INFO("order " << k << ", method " << static_cast<int>(method));
          CHECK(distance(ours[static_cast<size_t>(k)], truth[static_cast<size_t>(k)]) < tolerance[k]);
        }
      }
      CHECK(distance(divergence(bound, x), sum(truth[1], {-1})) < 1e-10);
    }
  }
}

TEST_CASE("brute_force_dimwise differentiates any function of independent rows, recorded as a transform is") {
  // f_i = a x_i² Σ x: D f = a (2 x_i s + x_i²), D² f = a (2 s + 4 x_i), D³ f = 6 a.
  const Tensor x = Rng(3).normal({2, 3}, DType::float64), a = track(scalar(1.5, DType::float64));
  const Tensor s = sum(x, {-1}, true);
  const auto f = [&](const Tensor& in) { return a * square(in) * sum(in, {-1}, true); };
  const std::vector<Tensor> d = brute_force_dimwise(f, x, 3);
  CHECK(distance(d[0], f(x)) == 0);
  CHECK(distance(d[1], a * (2 * x * s + square(x))) < 1e-14);
  CHECK(distance(d[2], a * (2 * s + 4 * x)) < 1e-14);
  CHECK(distance(d[3], 6 * a * ones_like(x)) < 1e-14);
  for (size_t k = 0; k < d.size(); ++k) CHECK(grad(sum(d[k]), a).item() == Approx(sum(d[k]).item() / 1.5));
  const Tensor leaf = track(x), first = brute_force_dimwise(f, leaf, 1)[1];
  CHECK(distance(grad(sum(first), leaf), a * (2 * s + 2 * sum(x, {-1}, true) + 2 * x)) < 1e-13);
  const NoGrad guard;
  CHECK_FALSE(brute_force_dimwise(f, x, 1)[1].tracked());
  CHECK(brute_force_dimwise(f, x, 0).size() == 1);
}

TEST_CASE("tape form equals module form") {
  const Tensor x = Rng(3).normal({4, 3}, DType::float64);
  for (const auto& [name, net] : every_net(3, false, 0)) {
    INFO(name);
    const Tensor leaf = track(x), h = net.conditioner(leaf), y = net.transformer(leaf, h);
    for (const int order : {1, 2})
      CHECK(distance(dimwise::dimwise(y, leaf, {.holding = {h}, .order = order}),
                     dimwise::dimwise(net.at(), x, order)[static_cast<size_t>(order)]) < 1e-12);
  }
}

TEST_CASE("a random loss of f, D1 and D2 has correct, nonzero gradients for x, t, context and every parameter") {
  const Rng rng(11);
  for (const auto& entry : every_net(3)) {
    const std::string& name = entry.first;
    const AnyHollowNet& net = entry.second;
    for (const DimwiseMethod method : {DimwiseMethod::reverse, DimwiseMethod::taylor}) {
      INFO(name << ", method " << static_cast<int>(method));
      const Tensor w1 = rng.split("w1").normal({2, 3}, DType::float64),
                   w2 = rng.split("w2").normal({2, 3}, DType::float64);
      std::vector<Tensor> inputs{rng.split("x").normal({2, 3}, DType::float64), t,
                                 rng.split("c").normal({2, 2}, DType::float64)};
      const std::vector<std::string> names = [&] {
        std::vector<std::string> list{"x", "t", "context"};
        for (const auto& [parameter, value] : named_parameters(net)) {
          list.push_back(parameter);
          inputs.push_back(value);
        }
        return list;
      }();
      const auto loss = [&](const std::vector<Tensor>& in) {
        size_t next = 3;
        const AnyHollowNet with = map_parameters(net, [&](const std::string&, const Tensor&) { return in[next++]; });
        const std::vector<Tensor> d = dimwise::dimwise(with.prepare(in[2]).at(in[1]), in[0], 2, method);
        return sum(w1 * d[1]) + sum(w2 * d[2] * d[1]) + sum(square(d[0]));  // the last bias affects only f
      };
      CHECK(check_grads(loss, inputs).worst < 1e-6);

      std::vector<Tensor> leaves;
      for (const Tensor& in : inputs) leaves.push_back(track(in));
      const std::vector<Tensor> g = grad(loss(leaves), leaves);
      for (size_t i = 0; i < g.size(); ++i) {
        INFO(names[i]);
        CHECK(max(abs(g[i])).item() > 0);
      }
    }
  }
}

TEST_CASE("the cost of dimwise does not depend on the dimension") {
  const auto ops = [](int64_t d, int order, DimwiseMethod method, size_t which) {
    const Tensor x = zeros({2, d}, DType::float64), context = zeros({2, 2}, DType::float64);
    const auto net = every_net(d)[which].second.prepare(context);
    const int64_t before = thread_context().ops_evaluated;
    dimwise::dimwise(net.at(t), x, order, method);
    return thread_context().ops_evaluated - before;
  };
  for (size_t which = 0; which < every_net(4).size(); ++which)
    for (const DimwiseMethod method : {DimwiseMethod::reverse, DimwiseMethod::taylor})
      for (const int order : {1, 2, 3}) {
        const int64_t cost = ops(4, order, method, which);
        CHECK(cost > 0);
        for (const int64_t d : {8, 64, 1024}) CHECK(ops(d, order, method, which) == cost);
      }
}

TEST_CASE("time and context must be given if and only if the net was constructed with them") {
  const Tensor x = zeros({2, 3}, DType::float64), c = zeros({2, 2}, DType::float64);
  for (const auto& [name, net] : every_net(3)) {
    INFO(name);
    CHECK_THROWS_WITH(net(x, {}, c), Catch::Contains("depends on time"));
    CHECK_THROWS_WITH(net(x, t), Catch::Contains("depends on a context"));
    CHECK(net(x, t, c).shape() == x.shape());
    // One time per row, and further batch axes.
    CHECK(distance(net(x, broadcast_to(t, {2, 1}), c), net(x, t, c)) < 1e-14);
    CHECK(net(zeros({5, 2, 3}, DType::float64), t, zeros({5, 2, 2}, DType::float64)).shape() == Shape{5, 2, 3});
  }
  for (const auto& [name, net] : every_net(3, false, 0))
    CHECK_THROWS_WITH(net(x, t), Catch::Contains("constructed without time"));
}

TEST_CASE("a context given to prepare has the same effect as one given to at") {
  // Fewer leading axes than x has: one context for many points.
  const Tensor x = Rng(3).normal({4, 2, 3}, DType::float64), c = Rng(4).normal({2, 2}, DType::float64);
  for (const auto& [name, net] : every_net(3)) {
    INFO(name);
    const auto ready = net.prepare(c);
    const std::vector<Tensor> once = dimwise::dimwise(ready.at(t), x, 2), each = dimwise::dimwise(net.at(t, c), x, 2);
    for (size_t k = 0; k < each.size(); ++k) CHECK(distance(once[k], each[k]) == 0);
    for (int64_t i = 0; i < 4; ++i)
      CHECK(distance(row(once[1], i), dimwise::dimwise(ready.at(t), row(x, i))[1]) < 1e-13);
    CHECK_THROWS_WITH(ready(x), Catch::Contains("depends on time"));
    CHECK_THROWS_WITH(net.prepare(), Catch::Contains("depends on a context"));
  }
  for (const auto& [name, net] : every_net(3, true, 0))
    CHECK_THROWS_WITH(net.prepare(c), Catch::Contains("constructed without one"));
}

}  // namespace dimwise::dimension_wise_tests
