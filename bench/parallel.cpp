// One training step of a HollowNet, loss(f, D¹f) and all gradients, on one thread and on two.
//
// `speed_up` is the ratio of the medians of both, a few steps of each in turns within one run; `best` that of the
// minima, which is nearer to the truth on a machine that does other work.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "hollow/net/hollow_net.hpp"
#include "hollow/net/masked_conditioner.hpp"
#include "hollow/net/shared_transformer.hpp"
#include "nn/parallel.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "ops/threads.hpp"

namespace {

using namespace dimwise;
using Clock = std::chrono::steady_clock;

template <class F>
double milliseconds(F&& f) {
  const auto begin = Clock::now();
  f();
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double quantile(std::vector<double> values, double q) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// Argument: d.
void training_step(benchmark::State& state) {
  set_threads(1);
  const Rng rng(1);
  const int64_t d = state.range(0), rows = 256;
  const HollowNet model{MaskedConditioner({.d = d, .d_h = 32, .hidden = {256}}, rng.split("conditioner")),
                        SharedTransformer({.d = d, .d_h = 32, .hidden = {64}}, rng.split("transformer"))};
  const Tensor x = rng.normal({rows, d});
  const auto step = [&](ThreadPool& pool) {
    benchmark::DoNotOptimize(value_and_grad_parallel(pool, model, rows, [&](const auto& m, const Shard& s) {
      const std::vector<Tensor> f = dimwise::dimwise(m.prepare().at(), slice(x, 0, s.begin, s.end), 1);
      return mean(sum_last(0.5 * square(f[0]) + f[1]));
    }));
  };
  ThreadPool one(1), two(2);
  std::vector<double> serial, parallel;
  for (auto _ : state) {
    for (int i = 0; i < 10; ++i) serial.push_back(milliseconds([&] { step(one); }));
    for (int i = 0; i < 10; ++i) parallel.push_back(milliseconds([&] { step(two); }));
  }
  state.counters["serial_ms"] = quantile(serial, 0.5);
  state.counters["speed_up"] = quantile(serial, 0.5) / quantile(parallel, 0.5);
  state.counters["best"] = quantile(serial, 0) / quantile(parallel, 0);
}

BENCHMARK(training_step)->ArgName("d")->Arg(2)->Arg(8)->Arg(64)->Arg(512)->Unit(benchmark::kMillisecond)->MinTime(1);

}  // namespace
