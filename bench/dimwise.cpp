// Dimension-wise derivatives of a HollowNet against its own forward pass, by dimension, order and method.
//
// `over_forward` is the ratio of the medians of both, taken in turns within one run.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "hollow/net/hollow_net.hpp"
#include "hollow/net/masked_conditioner.hpp"
#include "hollow/net/shared_transformer.hpp"
#include "ops/gemm.hpp"

namespace {

using namespace dimwise;
using Clock = std::chrono::steady_clock;

template <class F>
double seconds(F&& f) {
  const auto begin = Clock::now();
  f();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// Arguments: d, order, method (1 reverse, 2 taylor).
void derivative(benchmark::State& state) {
  set_blas_threads(1);
  const Rng rng(1);
  const int64_t d = state.range(0);
  const auto order = static_cast<int>(state.range(1));
  const auto method = static_cast<Method>(state.range(2));
  const auto net = HollowNet{MaskedConditioner({.d = d, .d_h = 32, .hidden = {256}}, rng.split("conditioner")),
                             SharedTransformer({.d = d, .d_h = 32, .hidden = {64}}, rng.split("transformer"))}
                       .prepare()
                       .at();
  const Tensor x = rng.normal({256, d});
  std::vector<double> forward, both;
  for (auto _ : state) {
    forward.push_back(seconds([&] { benchmark::DoNotOptimize(net(x)); }));
    both.push_back(seconds([&] { benchmark::DoNotOptimize(dimwise::dimwise(net, x, order, method)); }));
  }
  state.counters["forward_ms"] = 1e3 * median(forward);
  state.counters["over_forward"] = median(both) / median(forward);
}

void arguments(benchmark::internal::Benchmark* b) {
  b->ArgNames({"d", "order", "method"});
  for (const int64_t d : {2, 64, 784})
    for (const int64_t order : {1, 2, 4})
      for (const Method method : {Method::reverse, Method::taylor}) b->Args({d, order, static_cast<int64_t>(method)});
}

BENCHMARK(derivative)->Apply(arguments)->Unit(benchmark::kMillisecond)->MinTime(0.3);

}  // namespace
