// One training step of a HollowNet, loss(f, D¹f) and all gradients, on one thread and on two.
//
// The speed-up is the ratio of the medians of both, alternating a few steps of each within one run. On a busy machine
// the ratio of the minima is more accurate.
#include <algorithm>
#include <sstream>
#include <vector>

#include "bench/common.hpp"
#include "hollow/net/hollow_net.hpp"
#include "hollow/net/masked_conditioner.hpp"
#include "hollow/net/shared_transformer.hpp"
#include "nn/parallel/value_and_grad_parallel.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "ops/threads.hpp"

namespace {

using namespace dimwise;
using namespace dimwise::bench;

template <class F>
double milliseconds(F&& f) {
  const double begin = now(Clock::wall);
  f();
  return 1e3 * (now(Clock::wall) - begin);
}

double quantile(std::vector<double> values, double q) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

void training_step(benchmark::State& state, int64_t d) {
  set_threads(1);
  const Rng rng(1);
  const int64_t rows = 256;
  const HollowNet model{MaskedConditioner({.d = d, .d_h = 32, .hidden = {256}}, rng.split("conditioner")),
                        SharedTransformer({.d = d, .d_h = 32, .hidden = {64}}, rng.split("transformer"))};
  const Tensor x = rng.normal({rows, d});
  const auto step = [&](ThreadPool& pool) {
    benchmark::DoNotOptimize(value_and_grad_parallel(
        pool,
        [&](const auto& m, const Shard& s) {
          const std::vector<Tensor> f = dimwise::dimwise(m.prepare().at(), slice(x, 0, s.begin, s.end), 1);
          return mean(sum(0.5 * square(f[0]) + f[1], {-1}));
        },
        model, rows));
  };
  ThreadPool one(1), two(2);
  std::vector<double> serial, parallel;
  for (auto _ : state) {
    const double begin = now(Clock::wall);
    for (int64_t r = 0; r < rounds(); ++r) {
      for (int i = 0; i < 10; ++i) serial.push_back(milliseconds([&] { step(one); }));
      for (int i = 0; i < 10; ++i) parallel.push_back(milliseconds([&] { step(two); }));
    }
    state.SetIterationTime(now(Clock::wall) - begin);
  }
  std::ostringstream remark;
  remark << quantile(serial, 0.5) << " ms on one thread; by the fastest steps "
         << quantile(serial, 0) / quantile(parallel, 0) << " x";
  Figures f{.unit = "x", .ours = quantile(serial, 0.5) / quantile(parallel, 0.5), .remark = remark.str()};
  if (d >= 8) f.targets = {{"ours", 1.7, true}};
  report(state, f);
}

const bool added = [] {
  for (const int64_t d : {2, 8, 64, 512})
    add_row("hollow d=" + std::to_string(d) + " training step on two threads, over one", 1,
            [=](benchmark::State& state) { training_step(state, d); });
  return true;
}();

}  // namespace
