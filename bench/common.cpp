#include "bench/common.hpp"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <sstream>

#include "autodiff/base/error.hpp"

namespace dimwise::bench {

namespace {

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? value : nullptr;
}

void count(benchmark::State& state, const char* name, const std::optional<double>& value) {
  if (value) state.counters[name] = *value;
}

std::optional<double> figure(const Figures& f, const std::string& name) {
  if (name == "ours") return f.ours;
  if (name == "ours/libtorch") return f.over_libtorch;
  if (name == "ours/limit") return f.over_limit;
  if (name == "ours/forward") return f.over_forward;
  fail<ValueError>("bench", "there is no figure '", name, "'. Use ours, ours/libtorch, ours/limit or ours/forward.");
}

}  // namespace

Tensor made(const Shape& shape, uint32_t seed, double scale) {
  const std::vector<float> values = numbers(static_cast<size_t>(shape.size()), seed, scale);
  return tensor({values.begin(), values.end()}, shape);
}

bool quick() { return variable("DIMWISE_BENCH_QUICK") != nullptr; }

int64_t rounds() {
  const char* given = variable("DIMWISE_BENCH_ROUNDS");
  return given ? std::max(1, std::atoi(given)) : quick() ? 3 : 11;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n == 0 ? 0 : n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

double now(Clock clock) {
  timespec t{};
  clock_gettime(clock == Clock::thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double Turns::time(const Timed& timed) const {
  const double begin = now(clock_);
  for (int64_t i = 0; i < timed.calls; ++i) timed.work.run();
  return now(clock_) - begin;
}

Turns::Turns(std::vector<Case> cases, double slice, Clock clock) : clock_(clock) {
  for (Case& work : cases) {
    if (!work.run) continue;
    Timed timed{std::move(work)};
    timed.work.run();
    for (;;) {
      const double seconds = time(timed);
      if (seconds >= 0.5 * slice) {
        timed.calls = std::max<int64_t>(1, std::llround(static_cast<double>(timed.calls) * slice / seconds));
        break;
      }
      timed.calls *= seconds < 0.02 * slice ? 16 : 2;
    }
    cases_.push_back(std::move(timed));
  }
}

double Turns::round() {
  for (Timed& c : cases_) c.seconds.push_back(time(c) / static_cast<double>(c.calls));
  return cases_.front().seconds.back();
}

bool Turns::has(const std::string& name) const {
  return std::any_of(cases_.begin(), cases_.end(), [&](const Timed& c) { return c.work.name == name; });
}

const Turns::Timed& Turns::find(const std::string& name) const {
  for (const Timed& c : cases_)
    if (c.work.name == name) return c;
  fail<ValueError>("bench", "there is no case '", name, "'.");
}

double Turns::seconds(const std::string& name) const { return median(find(name).seconds); }

double Turns::ratio(const std::string& a, const std::string& b) const {
  std::vector<double> quotients = find(a).seconds;
  for (size_t i = 0; i < quotients.size(); ++i) quotients[i] /= find(b).seconds[i];
  return median(quotients);
}

void report(benchmark::State& state, const Figures& f) {
  count(state, "ours", f.ours);
  count(state, "libtorch", f.libtorch);
  count(state, "limit", f.limit);
  count(state, "ours/libtorch", f.over_libtorch);
  count(state, "ours/limit", f.over_limit);
  count(state, "ours/unfused", f.over_unfused);
  count(state, "ours/forward", f.over_forward);
  // The label: unit; targets, each a figure and a bound; remark. scripts/bench_table.py reads it.
  std::ostringstream label;
  label << f.unit << ';';
  bool met = true, judged = !f.targets.empty();
  for (const Target& target : f.targets) {
    label << ' ' << target.figure << (target.at_least ? ">=" : "<=") << target.bound;
    const std::optional<double> value = figure(f, target.figure);
    judged = judged && value;
    met = met && value && (target.at_least ? *value >= target.bound : *value <= target.bound);
  }
  label << "; " << f.remark;
  if (judged) state.counters["met"] = met;
  state.SetLabel(label.str());
}

void add_row(const std::string& name, int64_t iterations, std::function<void(benchmark::State&)> run) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [run](benchmark::State& state) {
                                 try {
                                   run(state);
                                 } catch (const std::exception& error) {
                                   state.SkipWithError(error.what());
                                 }
                               })
      ->UseManualTime()
      ->Iterations(iterations)
      ->Unit(benchmark::kMicrosecond);
}

void add_row(const std::string& name, std::function<Row()> make) {
  add_row(name, rounds(), [make](benchmark::State& state) {
    const Row row = make();
    Turns turns({{"ours", row.ours},
                 {"libtorch", row.libtorch},
                 {"limit", row.limit},
                 {"unfused", row.unfused},
                 {"forward", row.forward}},
                row.slice, row.clock);
    for (auto _ : state) state.SetIterationTime(turns.round());
    const double libtorch_per = row.libtorch_per > 0 ? row.libtorch_per : row.per;
    const double limit_per = row.limit_per > 0 ? row.limit_per : row.per;
    Figures f{.ours = turns.seconds("ours") / row.per, .targets = row.targets, .remark = row.remark};
    if (turns.has("libtorch")) {
      f.libtorch = turns.seconds("libtorch") / libtorch_per;
      f.over_libtorch = turns.ratio("ours", "libtorch") * libtorch_per / row.per;
    }
    if (turns.has("limit")) {
      f.limit = turns.seconds("limit") / limit_per;
      f.over_limit = turns.ratio("ours", "limit") * limit_per / row.per;
    }
    if (turns.has("unfused")) f.over_unfused = turns.ratio("ours", "unfused") * limit_per / row.per;
    if (turns.has("forward")) f.over_forward = turns.ratio("ours", "forward");
    report(state, f);
  });
}

void agree(const std::map<std::string, double>& ours, const Twin& twin, const char* whose, double tolerance) {
  for (const auto& [name, value] : ours) {
    const auto other = twin.check.find(name);
    if (other == twin.check.end()) continue;
    if (!(std::abs(value - other->second) <= tolerance * std::abs(other->second)))
      fail<ValueError>("bench", name, " is ", value, ", but ", whose, " has ", other->second,
                       ". The two do not do the same work.");
  }
}

std::function<void()> find(const Twin& twin, const std::string& name) {
  const auto found = twin.cases.find(name);
  return found == twin.cases.end() ? std::function<void()>() : found->second;
}

}  // namespace dimwise::bench
