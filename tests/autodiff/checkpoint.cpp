#include "autodiff/checkpoint.hpp"

#include "autodiff/context.hpp"
#include "autodiff/custom.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::checkpoint_tests {

using Catch::Matchers::Contains;

namespace {
Tensor f(const std::vector<Tensor>& in) { return tanh(in[0] * in[1]) * exp(0.1 * in[0]); }
Tensor saved(const std::vector<Tensor>& in) { return checkpoint(f, in); }
Tensor deep(const std::vector<Tensor>& in) {
  Tensor y = in[0];
  for (int i = 0; i < 100; ++i) y = sin(y * in[1]);
  return y;
}
}  // namespace

TEST_CASE("a checkpointed function has the values and derivatives of any order of the original function") {
  const std::vector<Tensor> x{normal({3}), normal({3}, 2)};
  CHECK(distance(saved(x), f(x)) == 0);
  CHECK_NOTHROW(check_grads(saved, x, {.order = 3, .tolerance = 1e-5}));
  const std::vector<Tensor> t{track(x[0]), track(x[1])};
  const Tensor a = sum(saved(t)), b = sum(f(t)), ga = grad(a, t[0]), gb = grad(b, t[0]);
  CHECK(distance(ga, gb) == 0);
  CHECK(distance(grad(sum(ga * ga), t[1]), grad(sum(gb * gb), t[1])) < 1e-13);
}

TEST_CASE("push and jet work through a checkpoint") {
  const std::vector<Tensor> t{track(normal({3})), track(normal({3}, 2))};
  std::vector<std::vector<Tensor>> c;
  for (uint64_t i = 0; i < 2; ++i) c.push_back({normal({3}, 5 + i), normal({3}, 7 + i), Tensor(), normal({3}, 9 + i)});
  const Series a = Tape({saved(t)}, t).jet(c)[0], b = Tape({f(t)}, t).jet(c)[0];
  for (int k = 1; k <= 4; ++k) CHECK(distance(a.at(k), b.at(k)) < 1e-13);
}

TEST_CASE("a captured tracked tensor gets its gradient, even if it depends on the argument") {
  const Tensor x = track(normal({3})), p = track(f64(2)), q = p * x;
  const auto captures = [&](const std::vector<Tensor>& in) { return sin(in[0] * q) * p; };
  const Tensor a = sum(checkpoint(captures, {x})), b = sum(captures({x}));
  const auto ga = grad(a, {x, p}), gb = grad(b, {x, p});
  for (size_t i = 0; i < 2; ++i) CHECK(distance(ga[i], gb[i]) < 1e-14);
  const auto ha = grad(sum(ga[0]), {x, p}), hb = grad(sum(gb[0]), {x, p});
  for (size_t i = 0; i < 2; ++i) CHECK(distance(ha[i], hb[i]) < 1e-13);
}

TEST_CASE("checkpoints nest") {
  const auto outer = [](const std::vector<Tensor>& in) {
    return checkpoint(f, {checkpoint(f, in), in[1]}) + saved(in);
  };
  const auto plain = [](const std::vector<Tensor>& in) { return f({f(in), in[1]}) + f(in); };
  const std::vector<Tensor> t{track(normal({3})), track(normal({3}, 2))};
  CHECK(distance(grad(sum(checkpoint(outer, t)), t[0]), grad(sum(plain(t)), t[0])) < 1e-14);
  CHECK_NOTHROW(
      check_grads([&](const auto& in) { return checkpoint(outer, in); }, {normal({2}), normal({2}, 2)}, {.order = 2}));
}

TEST_CASE("the function runs once forward and once for each sweep") {
  int runs = 0;
  const auto counted = [&](const std::vector<Tensor>& in) {
    ++runs;
    return f(in);
  };
  const std::vector<Tensor> t{track(normal({3})), track(normal({3}, 2))};
  const Tensor y = sum(checkpoint(counted, t));
  CHECK(runs == 1);
  grad(y, t, {.record = false});
  CHECK(runs == 2);
  Tape({y}, t).push({normal({3}), normal({3})});
  CHECK(runs == 3);
}

TEST_CASE("a recorded sweep runs the function once, and once more when it is differentiated") {
  int runs = 0;
  const auto counted = [&](const std::vector<Tensor>& in) {
    ++runs;
    return f(in);
  };
  const std::vector<Tensor> t{track(normal({3})), track(normal({3}, 2))};
  const Tensor y = sum(checkpoint(counted, t)), g = grad(y, t[0]);
  CHECK(runs == 2);
  grad(sum(g * g), t);
  CHECK(runs == 3);
}

TEST_CASE("only inputs and output are stored") {
  const std::vector<Tensor> t{track(normal({3})), track(normal({3}, 2))};
  const int64_t before = live_nodes();
  const Tensor y = checkpoint(deep, t);
  CHECK(live_nodes() - before < 5);
  CHECK(Tape({y}, t).size() == 1);
}

TEST_CASE("a recorded sweep, of any order, stores only inputs and results") {
  const std::vector<Tensor> t{track(normal({3})), track(normal({3}, 2))};
  const Tensor y = checkpoint(deep, t), v = track(normal({3}, 3));
  const int64_t before = live_nodes();
  const std::vector<Tensor> g = grad(sum(y), t);
  CHECK(live_nodes() - before < 10);
  const std::vector<Tensor> h = grad(sum(g[0] * g[1]), t);
  CHECK(live_nodes() - before < 60);
  const std::vector<Tensor> pushed = Tape({y}, t).push({v, Tensor()});
  const Series jet = Tape({y}, t).jet({{v, Tensor(), v}, {Tensor(), v}})[0];
  CHECK(live_nodes() - before < 80);
  const Tensor plain = deep(t);
  const std::vector<Tensor> plain_g = grad(sum(plain), t), plain_h = grad(sum(plain_g[0] * plain_g[1]), t);
  for (size_t i = 0; i < 2; ++i) CHECK(distance(h[i], plain_h[i]) < 1e-10 * (1 + max(abs(plain_h[i])).item()));
  for (size_t i = 0; i < 2; ++i) {
    const Tensor a = grad(sum(h[i] * v), t[1]), b = grad(sum(plain_h[i] * v), t[1]);
    CHECK(distance(a, b) < 1e-8 * (1 + max(abs(b)).item()));
  }
  const Series plain_jet = Tape({plain}, t).jet({{v, Tensor(), v}, {Tensor(), v}})[0];
  for (const Tensor& x : {t[0], t[1], v}) {
    const Tensor a = grad(sum(pushed[0] * pushed[0]), x), p = Tape({plain}, t).push({v, Tensor()})[0],
                 b = grad(sum(p * p), x);
    CHECK(distance(a, b) < 1e-8 * (1 + max(abs(b)).item()));
    for (int k = 1; k <= 3; ++k) {
      const Tensor c = grad(sum(jet.at(k)), x), d = grad(sum(plain_jet.at(k)), x);
      CHECK(distance(c, d) < 1e-8 * (1 + max(abs(d)).item()));
    }
  }
}

TEST_CASE("a constant argument and captured tensors of other dtypes keep their derivatives in recorded sweeps") {
  const Tensor x = track(normal({3})), constant = normal({3}, 2), p = track(scalar(0.5)), q = track(f64(2));
  const auto mixes = [&](const std::vector<Tensor>& in) {
    return sin(in[1] * in[0] * p) * exp(q * in[0]) + astype(sin(p), DType::float64);
  };
  const auto a = grad(sum(checkpoint(mixes, {x, constant})), {x, p, q}), b = grad(sum(mixes({x, constant})), {x, p, q});
  for (size_t i = 0; i < 3; ++i) CHECK(a[i].dtype() == b[i].dtype());
  for (size_t i = 0; i < 3; ++i) CHECK(distance(a[i], b[i]) < 1e-6);
  const auto square_sum = [](const std::vector<Tensor>& g) {
    return sum(g[0] * g[0]) + astype(g[1] * g[1], DType::float64) + g[2] * g[2];
  };
  const auto c = grad(square_sum(a), {x, p, q}), d = grad(square_sum(b), {x, p, q});
  for (size_t i = 0; i < 3; ++i) CHECK(distance(c[i], d[i]) < 2e-5 * (1 + max(abs(d[i])).item()));
}

TEST_CASE("a tensor that only a recorded sweep captures is an error, not a lost derivative") {
  const Tensor x = track(normal({3})), p = track(f64(2));
  const CustomRule rule{"hides", [](const auto& in) { return stop_gradient(in[0]) * 2.0; },
                        [&](const auto&, const Tensor&, const Tensor& w) { return std::vector<Tensor>{w * p}; }};
  const Tensor y = checkpoint([&](const auto&in) { return custom(rule, {in[0]}); }, {x}), g = grad(sum(y), x);
  CHECK(g.values() == std::vector<double>(3, 2));
  CHECK_THROWS_WITH(grad(sum(g * x), x), Contains("[checkpoint] computed again, the function depends on a "
                                                  "tracked tensor of shape () that it did not capture"));
}

TEST_CASE("without tracked tensors, or without recording, a checkpoint only evaluates the function") {
  CHECK_FALSE(saved({normal({3}), normal({3}, 2)}).tracked());
  const std::vector<Tensor> t{track(normal({3})), track(normal({3}, 2))};
  const NoGrad guard;
  CHECK(distance(saved(t), f(t)) == 0);
  CHECK_FALSE(saved(t).tracked());
}

}  // namespace dimwise::checkpoint_tests
