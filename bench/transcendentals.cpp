// Functions of 64 × 512 floats in cache: ours, xsimd's (or the usual formula based on them), and a copy, alternating.
//
// `ours_ns` and `xsimd_ns` are medians per element; `over_copy` and `over_xsimd` are medians of ratios within a round.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "autodiff/base/rng.hpp"
#include "autodiff/kernels/evaluate.hpp"
#include "ops/detail/transcendental.hpp"

namespace {

using namespace dimwise;
using Clock = std::chrono::steady_clock;

constexpr int64_t elements = 64 * 512;

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

/// Nanoseconds per element of out = f(x).
template <class F>
double nanoseconds(F f, const Tensor& x, Tensor& out) {
  constexpr int repeats = 4;
  const auto begin = Clock::now();
  for (int i = 0; i < repeats; ++i) {
    evaluate(out, f, x);
    benchmark::ClobberMemory();
  }
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / (repeats * elements);
}

template <class Ours, class Theirs>
void function(benchmark::State& state, Ours ours, Theirs theirs) {
  const Tensor x = Rng(1).normal({elements}, DType::float32);
  Tensor out = empty({elements}, DType::float32);
  std::vector<double> our_times, their_times, over_copy, over_theirs;
  for (auto _ : state) {
    const double copy = nanoseconds([](auto v) { return v; }, x, out);
    our_times.push_back(nanoseconds(ours, x, out));
    their_times.push_back(nanoseconds(theirs, x, out));
    over_copy.push_back(our_times.back() / copy);
    over_theirs.push_back(our_times.back() / their_times.back());
  }
  state.counters["ours_ns"] = median(our_times);
  state.counters["xsimd_ns"] = median(their_times);
  state.counters["over_copy"] = median(over_copy);
  state.counters["over_xsimd"] = median(over_theirs);
}

constexpr auto logistic = [](auto x) { return 1.0f / (1.0f + xsimd::exp(-x)); };

void exp(benchmark::State& state) {
  function(
      state, [](auto x) { return simd::exp(x); }, [](auto x) { return xsimd::exp(x); });
}
void tanh(benchmark::State& state) {
  function(
      state, [](auto x) { return simd::tanh(x); }, [](auto x) { return xsimd::tanh(x); });
}
void sigmoid(benchmark::State& state) {
  function(
      state, [](auto x) { return simd::sigmoid(x); }, logistic);
}
void softplus(benchmark::State& state) {
  function(
      state, [](auto x) { return simd::softplus(x); },
      [](auto x) { return xsimd::max(x, decltype(x)(0.0f)) + xsimd::log1p(xsimd::exp(-xsimd::abs(x))); });
}
void silu(benchmark::State& state) {
  function(
      state, [](auto x) { return simd::silu(x); }, [](auto x) { return x * logistic(x); });
}
void silu_derivative(benchmark::State& state) {
  function(
      state, [](auto x) { return simd::silu_derivative(x); },
      [](auto x) {
        const auto s = logistic(x);
        return s * (1.0f + x * (1.0f - s));
      });
}

BENCHMARK(exp)->MinTime(0.3);
BENCHMARK(tanh)->MinTime(0.3);
BENCHMARK(sigmoid)->MinTime(0.3);
BENCHMARK(softplus)->MinTime(0.3);
BENCHMARK(silu)->MinTime(0.3);
BENCHMARK(silu_derivative)->MinTime(0.3);

}  // namespace
