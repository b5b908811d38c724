#include "autodiff/checkpoint.hpp"

#include "autodiff/context.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::checkpoint_tests {

namespace {
Tensor f(const std::vector<Tensor>& in) { return tanh(in[0] * in[1]) * exp(0.1 * in[0]); }
Tensor saved(const std::vector<Tensor>& in) { return checkpoint(f, in); }
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

TEST_CASE("only inputs and output are stored") {
  const std::vector<Tensor> t{track(normal({3})), track(normal({3}, 2))};
  const auto deep = [](const std::vector<Tensor>& in) {
    Tensor y = in[0];
    for (int i = 0; i < 100; ++i) y = sin(y * in[1]);
    return y;
  };
  const int64_t before = live_nodes();
  const Tensor y = checkpoint(deep, t);
  CHECK(live_nodes() - before < 5);
  CHECK(Tape({y}, t).size() == 1);
}

TEST_CASE("without tracked tensors, or without recording, a checkpoint only evaluates the function") {
  CHECK_FALSE(saved({normal({3}), normal({3}, 2)}).tracked());
  const std::vector<Tensor> t{track(normal({3})), track(normal({3}, 2))};
  const NoGrad guard;
  CHECK(distance(saved(t), f(t)) == 0);
  CHECK_FALSE(saved(t).tracked());
}

}  // namespace dimwise::checkpoint_tests
