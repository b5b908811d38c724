#include "apps/sde/model/learned_process.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "ops/index.hpp"

namespace dimwise::app::sde {

namespace {

constexpr double start_share = 0.01;  // of the observed time, in which all observations are starts
constexpr double steps = 1000;        // in the observed time
constexpr int64_t fewest_observations = 20;

// The rows of the training observations at which paths of a group start.
std::vector<int64_t> starts(const SavedRun& fit, int64_t group, double latest) {
  const Observations& seen = fit.data.train;
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < seen.size(); ++i) {
    const auto at = static_cast<size_t>(i);
    const bool first = i == 0 || seen.path[at] != seen.path[at - 1];
    if (first && seen.group[at] == group && (fit.model.from_start || seen.t[at] <= latest)) rows.push_back(i);
  }
  if (rows.empty())
    fail<DataError>("simulate", "no training path of group ", group, " starts by t = ", latest,
                    ". Name a start by --start.");
  return rows;
}

int64_t most_observations(const Observations& seen) {
  std::map<int64_t, int64_t> counts;
  int64_t most = 0;
  for (const int64_t path : seen.path) most = std::max(most, ++counts[path]);
  return most;
}

}  // namespace

SdeProcess learned_process(const SavedRun& fit) {
  const std::vector<double> clock = fit.model.clock.value.values();
  const double begin = clock[0], length = clock[1];
  return {.sde = equation(astype(fit.model, DType::float64)),
          .columns = fit.data.train.columns,
          .groups = fit.data.train.groups(),
          .initial =
              [fit, latest = begin + start_share * length](int64_t group, const Rng& rng, int64_t n) {
                const std::vector<int64_t> all = starts(fit, group, latest);
                std::vector<int64_t> chosen;
                for (const int64_t i : rng.integers(n, static_cast<int64_t>(all.size())))
                  chosen.push_back(all[static_cast<size_t>(i)]);
                return index_select(fit.data.train.x, 0, chosen);
              },
          .begin = begin,
          .end = begin + length,
          .observations = std::max(most_observations(fit.data.train), fewest_observations),
          .dt = length / steps};
}

std::vector<std::string> model_columns(const SavedRun& fit) {
  std::vector<std::string> names = fit.data.train.columns;
  if (fit.settings.transform == "log")
    for (std::string& name : names) name = fmt::format("log({})", name);
  return names;
}

}  // namespace dimwise::app::sde
