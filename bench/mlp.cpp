// A training step (forward, backward, Adam) of an MLP 784-1024-1024-10 at batch 256, as a fraction of the speed of its
// largest product, with one thread and with two.
#include "nn/mlp.hpp"

#include <cmath>
#include <memory>
#include <optional>
#include <sstream>

#include "bench/common.hpp"
#include "bench/limits/limits.hpp"
#include "bench/peers/peers.hpp"
#include "nn/optim/adam.hpp"
#include "nn/parallel/value_and_grad_parallel.hpp"
#include "ops/arithmetic.hpp"
#include "ops/detail/gemm.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "ops/threads.hpp"

namespace {

using namespace dimwise;
using namespace dimwise::bench;

constexpr int64_t batch = 256, sizes[] = {784, 1024, 1024, 10};

// Multiply-adds of a step's products: forward, for the weights' gradients, and for the inputs' gradients of all layers
// except the first.
double multiply_adds() {
  const double first = sizes[0] * sizes[1], second = sizes[1] * sizes[2], third = sizes[2] * sizes[3];
  return batch * (2 * first + 3 * second + 3 * third);
}

struct Training {
  Mlp net;
  Adam adam{.lr = 1e-3};
  Tensor x = made({batch, sizes[0]}, 1, 1.0);
  Indices target{{batch, 1}, {}};

  Training() : net({sizes[0], sizes[1], sizes[2], sizes[3]}, Activation::tanh, Rng(0)) {
    for (uint32_t i = 0; i < 3; ++i) {
      const double scale = 1 / std::sqrt(static_cast<double>(sizes[i]));
      net.layers[i].weight = made({sizes[i + 1], sizes[i]}, 10 + 2 * i, scale);
      net.layers[i].bias = made({sizes[i + 1]}, 11 + 2 * i, scale);
    }
    for (int64_t i = 0; i < batch; ++i) target.values.push_back(i % 10);
  }

  Tensor loss(const Mlp& m) const { return -mean(gather(log_softmax(m(x)), -1, target)); }
  void step() {
    const auto [value, g] = value_and_grad([&](const Mlp& m) { return loss(m); }, net);
    adam.step(net, g);
  }
  // The same with a part of the batch for each thread.
  void step(ThreadPool& pool) {
    const auto [value, g] = value_and_grad_parallel(
        pool,
        [&](const Mlp& m, const Shard& s) {
          const Indices part{{s.size(), 1}, {target.values.begin() + s.begin, target.values.begin() + s.end}};
          return -mean(gather(log_softmax(m(slice(x, 0, s.begin, s.end))), -1, part));
        },
        net, batch);
    adam.step(net, g);
  }
};

void run(benchmark::State& state, int threads, double target) {
  set_threads(threads);
  const auto ours = std::make_shared<Training>();
  const Twin torch = torch_mlp(threads), limit = limit_mlp();
  for (int i = 0; i < 5; ++i) ours->step();
  const std::map<std::string, double> loss = {{"loss after 5 steps", ours->loss(ours->net).item()}};
  agree(loss, torch, "libtorch");
  agree(loss, limit, "the handwritten program");
  const std::vector<float> a = bench::numbers(256 * 1024, 2, 1.0), b = bench::numbers(1024 * 1024, 3, 1.0);
  std::vector<float> c(a.size());
  const auto sgemm = [&] {
    gemm(false, false, 256, 1024, 1024, a.data(), b.data(), 0, c.data());
    keep(c.data());
  };
  std::optional<ThreadPool> pool;
  if (threads > 1) pool.emplace(threads);
  const auto with = [threads](std::function<void()> work) -> std::function<void()> {
    if (!work) return {};
    return [threads, work] {
      set_threads(threads);
      work();
    };
  };
  const auto in_parts = [&] {
    set_threads(1);
    ours->step(*pool);
  };
  Turns turns({{"ours", with([&] { ours->step(); })},
               {"ours/parts", pool ? in_parts : std::function<void()>()},
               {"libtorch", with(find(torch, "step"))},
               {"libtorch/blas", with(find(torch, "step/blas"))},
               {"limit", with(find(limit, "step"))},
               {"forward", with([&] { keep(ours->loss(ours->net).node()); })},
               {"sgemm", with(sgemm)}},
              0.1, threads > 1 ? Clock::wall : Clock::thread);
  for (auto _ : state) state.SetIterationTime(turns.round());
  const double per_product = multiply_adds() / (256.0 * 1024 * 1024);
  const auto fraction = [&](const std::string& name) { return turns.ratio("sgemm", name) * per_product; };
  // The better of the two ways to use threads, for ours and for libtorch.
  const auto better = [&](const std::string& name, const std::string& other) {
    return turns.has(other) && turns.ratio(other, name) < 1 ? other : name;
  };
  const std::string best = better("ours", "ours/parts");
  Figures f{.unit = "of sgemm",
            .ours = fraction(best),
            .limit = fraction("limit"),
            .over_limit = turns.ratio(best, "limit"),
            .over_forward = turns.ratio(best, "forward"),
            .targets = {{"ours", target, true}}};
  std::ostringstream remark;
  remark << "ours " << 1e3 * turns.seconds("ours") << " ms";
  if (pool) remark << " with threads in BLAS, " << 1e3 * turns.seconds("ours/parts") << " ms with parts of the batch";
  if (torch) {
    const std::string name = better("libtorch", "libtorch/blas");
    f.libtorch = fraction(name);
    f.over_libtorch = turns.ratio(best, name);
    remark << ", libtorch " << 1e3 * turns.seconds(name) << " ms";
  }
  remark << ", limit " << 1e3 * turns.seconds("limit") << " ms";
  f.remark = remark.str();
  report(state, f);
  set_threads(1);
}

const bool added = [] {
  add_row("MLP training step, 1 thread", rounds(), [](benchmark::State& state) { run(state, 1, 0.85); });
  add_row("MLP training step, 2 threads", rounds(), [](benchmark::State& state) { run(state, 2, 0.78); });
  return true;
}();

}  // namespace
