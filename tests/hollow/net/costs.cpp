// The cost of dimwise and training, counted, not timed.
#include <map>

#include "autodiff/context.hpp"
#include "hollow/net/hollow_net.hpp"
#include "hollow/net/masked_conditioner.hpp"
#include "hollow/net/shared_transformer.hpp"
#include "hollow/ode/odeint.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::costs_tests {

namespace {

using Net = HollowNet<MaskedConditioner, SharedTransformer>;

Net make_net(int64_t d, int64_t d_h = 4, int64_t width = 16, int64_t tau_width = 8) {
  return {MaskedConditioner({.d = d, .d_h = d_h, .hidden = {width}}, Rng(1)),
          SharedTransformer({.d = d, .d_h = d_h, .hidden = {tau_width}}, Rng(2))};
}

Tensor loss(const Net& net, const Tensor& x) {
  const std::vector<Tensor> d = dimwise::dimwise(net.prepare().at(), x, 1);
  return mean(square(d[0])) + mean(d[1]);
}
void step(const Net& net, const Tensor& x) {
  value_and_grad([&](const Net& m) { return loss(m, x); }, net);
}

// The sizes of a net and its batch, which must not change any count.
struct Size {
  int64_t d, batch;
};
const std::vector<Size> sizes{{2, 3}, {8, 3}, {64, 3}, {8, 40}};

// Calls of each op, including those inside sweeps.
struct Calls : Observer {
  std::map<std::string, int> count;
  void evaluated(const Op& op, std::span<const Tensor>, const Tensor&, double) override { ++count[op.name]; }
  void pulled(const Call&, const Tensor&, std::span<const Tensor>, double) override {}
};

}  // namespace

TEST_CASE("f and D1 are 10 and 13 recorded ops, whatever the dimension and the batch") {
  for (const Size& s : sizes) {
    const auto net = make_net(s.d).prepare();
    const Tensor x = track(Rng(3).normal({s.batch, s.d}));
    const int64_t before = live_nodes();
    const std::vector<Tensor> d = dimwise::dimwise(net.at(), x, 1);
    CHECK(Tape({d[0]}, {x}).size() == 10);
    CHECK(Tape({d[1]}, {x}).size() == 13);
    CHECK(live_nodes() - before == 17);  // with weight_x as a column, and the one number that is pulled
  }
}

TEST_CASE("each order of the Taylor method costs a few ops more, whatever the dimension and the batch") {
  const NoGrad guard;
  for (const Size& s : sizes) {
    const auto net = make_net(s.d).prepare();
    const Tensor x = Rng(3).normal({s.batch, s.d});
    const auto ops = [&](int order) {
      const int64_t before = thread_context().ops_evaluated;
      dimwise::dimwise(net.at(), x, order, DimwiseMethod::taylor);
      return thread_context().ops_evaluated - before;
    };
    CHECK(std::vector<int64_t>{ops(1), ops(2), ops(3), ops(4)} == std::vector<int64_t>{15, 17, 20, 23});
  }
}

TEST_CASE("a training step on f and D1 multiplies matrices 17 times, whatever the dimension, the width and the batch") {
  bool in_blocks = false;
  for (const Size& s : sizes)
    for (const int64_t width : {16, 128}) {
      const Net net = make_net(s.d, 8, width);
      const Tensor x = Rng(3).normal({s.batch, s.d});
      Calls calls;
      step(net, x);
      INFO("d = " << s.d << ", width " << width);
      // The layers once each. Those of the conditioner are multiplied in blocks if that saves work.
      CHECK(calls.count["linear"] + calls.count["block_linear"] == 4);
      CHECK(calls.count["matmul"] + calls.count["block_input"] + calls.count["block_weight"] == 13);
      in_blocks = in_blocks || calls.count["block_linear"] > 0;
    }
  CHECK(in_blocks);
}

TEST_CASE("a training step leaks no memory, and the next one allocates none from the system") {
  const Net net = make_net(8);
  const Tensor x = Rng(3).normal({40, 8});
  step(net, x);
  const int64_t nodes = live_nodes();
  const PoolStatistics before = pool_statistics();
  step(net, x);
  CHECK(live_nodes() == nodes);
  CHECK(pool_statistics().misses == before.misses);
  CHECK(pool_statistics().bytes_held == before.bytes_held);
}

TEST_CASE("a training step on f and D1 stores few activations at a time") {
  const int64_t d = 64, batch = 256, width = 64;
  const Net net = make_net(d, 32, 256, width);
  const Tensor x = Rng(3).normal({batch, d});
  // The pool returns no memory: started empty, it ends with the peak usage.
  release_pool();
  step(net, x);
  CHECK(pool_statistics().bytes_held < 7 * batch * d * width * 4);  // weights and gradients included
}

TEST_CASE("a solve of many steps needs no more nodes or memory than one of few") {
  const NoGrad guard;
  const auto net = make_net(8).prepare();
  const Tensor x = Rng(3).normal({16, 8});
  for (const char* method : {"rk4", "dopri5"}) {
    int64_t most = 0;
    const int64_t nodes = live_nodes();
    const auto solve = [&](int64_t steps) {
      const VectorField f = [&](const Tensor&, const State& y) {
        most = std::max(most, live_nodes() - nodes);
        return State{net(y[0])};
      };
      value_or_throw(odeint(f, {x}, {0, 1}, {.method = method, .steps = steps}));
      CHECK(live_nodes() == nodes);
      return std::exchange(most, 0);
    };
    const int64_t few = solve(4), misses = pool_statistics().misses;
    CHECK(solve(100) == few);
    CHECK(few < 12);
    CHECK(pool_statistics().misses == misses);
  }
}

}  // namespace dimwise::costs_tests
