// Peak memory of a training step on f and D¹f above the memory before it, each measured in a separate process.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "autodiff/base/error.hpp"
#include "bench/hollow_problem.hpp"
#include "bench/peers/peers.hpp"
#include "ops/threads.hpp"

namespace {

using namespace dimwise;
using namespace dimwise::bench;

// A value of /proc/self/status in MiB.
double status(const std::string& key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.rfind(key + ':', 0) == 0) return std::atof(line.c_str() + key.size() + 1) / 1024;
  fail<DataError>("bench", "/proc/self/status has no ", key, ". Peak memory is measured on Linux only.");
}

// The maximal increase of the resident memory while `work` runs.
double peak(const std::function<void()>& work) {
  const double before = status("VmRSS");
  {
    std::ofstream reset("/proc/self/clear_refs");
    if (!(reset << 5 << std::flush))
      fail<DataError>("bench", "/proc/self/clear_refs cannot be written. Peak memory is measured on Linux only.");
  }
  work();
  return status("VmHWM") - before;
}

// The result of `measure` in a child process.
double in_child(const std::function<double()>& measure) {
  int ends[2];
  if (pipe(ends) != 0) fail<Error>("bench", "cannot create a pipe to a child process.");
  const pid_t child = fork();
  if (child < 0) fail<Error>("bench", "cannot start a child process.");
  if (child == 0) {
    double result = -1;
    try {
      result = measure();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    _exit(write(ends[1], &result, sizeof result) == sizeof result ? 0 : 1);
  }
  close(ends[1]);
  double result = -1;
  const bool whole = read(ends[0], &result, sizeof result) == sizeof result;
  close(ends[0]);
  waitpid(child, nullptr, 0);
  if (!whole || result < 0) fail<Error>("bench", "the child process failed.");
  return result;
}

void run(benchmark::State& state, int64_t d) {
  set_threads(1);
  Figures f{.unit = "MiB", .targets = {{"ours/libtorch", 0.9}}};
  for (auto _ : state) {
    f.ours = in_child([d] {
      const Problem problem{make_net(d), made({batch, d}, 29, 1.5)};
      return peak([&] {
        for (int i = 0; i < 2; ++i) keep(train(problem).x.node());
      });
    });
    if (torch_built())
      f.libtorch = in_child([d] {
        const Twin twin = torch_hollow(d, false);
        return peak([&] {
          for (int i = 0; i < 2; ++i) twin.cases.at("train")();
        });
      });
    state.SetIterationTime(1);
  }
  if (f.libtorch) f.over_libtorch = *f.ours / *f.libtorch;
  report(state, f);
}

const bool added = [] {
  for (const int64_t d : {64, 784})
    add_row("hollow d=" + std::to_string(d) + " training step on f, D1: peak memory", 1,
            [=](benchmark::State& state) { run(state, d); });
  return true;
}();

}  // namespace
