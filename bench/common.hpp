#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "autodiff/tensor.hpp"
#include "bench/twin.hpp"

namespace dimwise::bench {

/// The numbers of `numbers` as a float32 tensor.
Tensor made(const Shape& shape, uint32_t seed, double scale);

/// Whether DIMWISE_BENCH_QUICK requests quick, rough figures.
bool quick();
/// The number of rounds per row: DIMWISE_BENCH_ROUNDS, otherwise 11, or 3 if quick.
int64_t rounds();

struct Case {
  std::string name;
  std::function<void()> run;
};

/// The clock: the processor time of this thread, which other programs do not affect, or, for work on several threads,
/// the wall-clock time.
enum class Clock : uint8_t { thread, wall };
/// Seconds since an arbitrary moment.
double now(Clock clock = Clock::thread);

/// Cases timed alternately: in every round each runs for one short slice, so that a slow phase of a shared machine
/// affects all of them. Ratios are medians of the ratios of single rounds.
class Turns {
 public:
  /// Runs each case once, to warm up, and determines the number of calls that fill a slice (30 ms). Cases without a
  /// function are skipped.
  explicit Turns(std::vector<Case> cases, double slice = 0.03, Clock clock = Clock::thread);

  /// Runs a round; returns the seconds per call of the first case.
  double round();

  bool has(const std::string& name) const;
  /// The median of the seconds per call.
  double seconds(const std::string& name) const;
  /// The median of the ratios a/b.
  double ratio(const std::string& a, const std::string& b) const;

 private:
  struct Timed {
    Case work;
    int64_t calls = 1;
    std::vector<double> seconds = {};
  };
  const Timed& find(const std::string& name) const;

  double time(const Timed& timed) const;

  std::vector<Timed> cases_;
  Clock clock_;
};

double median(std::vector<double> values);

/// A bound on one of the figures of a row: "ours", "ours/libtorch", "ours/limit", "ours/forward".
struct Target {
  std::string figure;
  double bound;
  bool at_least = false;
};

/// The figures of a row of the table; a missing one is empty.
struct Figures {
  std::string unit = "s";  ///< of ours, libtorch and limit: s, MiB, or a word
  std::optional<double> ours = {}, libtorch = {}, limit = {};
  std::optional<double> over_libtorch = {}, over_limit = {}, over_unfused = {}, over_forward = {};
  std::vector<Target> targets = {};
  std::string remark = {};
};

/// Passes the figures to Google Benchmark as counters, and unit, targets and remark as label.
void report(benchmark::State& state, const Figures& figures);

/// All versions of a row's work, each of `per` units of the row's figure.
struct Row {
  std::function<void()> ours, libtorch = {}, limit = {}, unfused = {}, forward = {};
  double per = 1, libtorch_per = 0, limit_per = 0;  ///< 0: equal to ours
  std::vector<Target> targets = {};
  std::string remark = {};
  double slice = 0.03;
  Clock clock = Clock::thread;
};

/// Adds a row to the table. `make` is called when the row is run.
void add_row(const std::string& name, std::function<Row()> make);
/// Adds a row with a custom measurement, which calls `report`.
void add_row(const std::string& name, int64_t iterations, std::function<void(benchmark::State&)> run);

/// Throws ValueError, with the result's name, if ours and a twin's have a relative difference above `tolerance`. A
/// result that the twin does not have is skipped.
void agree(const std::map<std::string, double>& ours, const Twin& twin, const char* whose, double tolerance = 1e-3);

/// The case of that name, or nothing.
std::function<void()> find(const Twin& twin, const std::string& name);

}  // namespace dimwise::bench
