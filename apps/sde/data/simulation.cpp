#include "apps/sde/data/simulation.hpp"

#include <algorithm>

#include "apps/common/cli/exit_code.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::sde {

namespace {

int64_t observations(const SdeProcess& process, const SimulationSettings& s) {
  return s.observations > 0 ? s.observations : process.observations;
}

std::vector<double> observation_times(const SdeProcess& process, const SimulationSettings& s, const Rng& rng) {
  const int64_t m = observations(process, s);
  if (m < 2) fail<UsageError>("--observations", "must be at least 2, since the first one is at the start.");
  const double end = s.end > 0 ? s.end : process.end;
  if (!(end > process.begin))
    fail<UsageError>("--end-time", "must be after the start of the paths, t = ", process.begin, ", not ", end, ".");
  std::vector<double> times(static_cast<size_t>(m), process.begin);
  const std::vector<double> u = rng.uniforms(m);
  for (size_t k = 1; k < times.size(); ++k)
    times[k] =
        process.begin +
        (end - process.begin) * (s.times == "random" ? 1 - u[k] : static_cast<double>(k) / static_cast<double>(m - 1));
  std::sort(times.begin(), times.end());
  return times;
}

}  // namespace

SdeProcess process_of(const SdeSystem& system) {
  SdeProcess process{
      .sde = system.sde,
      .columns = {},
      .groups = static_cast<int64_t>(system.groups.size()),
      .initial = [system](int64_t group, const Rng& rng, int64_t n) { return sample_initial(system, group, rng, n); },
      .end = system.end,
      .observations = system.observations,
      .dt = system.dt};
  for (int64_t i = 1; i <= system.d; ++i) process.columns.push_back("x" + std::to_string(i));
  return process;
}

int64_t observed_paths(const SdeProcess& process, const SimulationSettings& s) {
  return s.unpaired ? s.paths * observations(process, s) : s.paths;
}

Simulation simulate(const SdeProcess& process, const SimulationSettings& s, const Rng& rng,
                    const std::function<void(int64_t done)>& done) {
  const std::vector<double> times = observation_times(process, s, rng.split("times"));
  const int64_t groups = process.groups, d = process.d(), seen = static_cast<int64_t>(times.size());
  const int64_t n = observed_paths(process, s), block = 4096;
  std::vector<Tensor> starts;
  for (int64_t g = 0; g < groups; ++g)
    starts.push_back(process.initial(g, rng.split("initial").split(static_cast<uint64_t>(g)), n));
  const Tensor initial = reshape(stack(starts, 1), {n * groups, d});
  Simulation result;
  std::vector<Tensor> parts;
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t end = std::min(n, begin + block);
    std::vector<int64_t> own, shown;
    for (int64_t i = begin; i < end; ++i) own.push_back(i * groups + i % groups);
    const SdeSolution path = sdeint(process.sde, index_select(initial, 0, own), times,
                                    {s.method, s.dt > 0 ? s.dt : process.dt, rng.split("noise"), begin});
    for (int64_t i = begin; i < end; ++i)
      for (int64_t k = 0; k < seen; ++k) {
        if (s.unpaired && k != i / groups % seen) continue;
        result.seen.t.push_back(times[static_cast<size_t>(k)]);
        result.seen.path.push_back(i);
        result.seen.group.push_back(i % groups);
        shown.push_back((i - begin) * seen + k);
      }
    parts.push_back(index_select(reshape(stack(path.x, 1), {(end - begin) * seen, d}), 0, shown));
    result.statistics.steps += path.statistics.steps;
    result.statistics.drift += path.statistics.drift;
    result.statistics.diffusion += path.statistics.diffusion;
    if (done) done(end);
  }
  result.seen.x = concat(parts, 0);
  result.seen.columns = process.columns;
  return result;
}

}  // namespace dimwise::app::sde
