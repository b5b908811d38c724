#include "apps/ode/fit/data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/data/data_file.hpp"
#include "apps/common/data/sha256.hpp"

namespace dimwise::app::ode {

namespace {

// The paths of at least two observations, numbered anew.
Observations long_paths(const Observations& all, const std::string& file) {
  std::vector<int64_t> kept, path;
  std::vector<std::string> labels;
  int64_t n = 0, dropped = 0;
  for (int64_t begin = 0, end = 0; begin < all.size(); begin = end) {
    const int64_t own = all.path[static_cast<size_t>(begin)];
    while (end < all.size() && all.path[static_cast<size_t>(end)] == own) ++end;
    if (end - begin < 2) {
      ++dropped;
      continue;
    }
    for (int64_t i = begin; i < end; ++i) {
      kept.push_back(i);
      path.push_back(n);
    }
    ++n;
    if (!all.path_labels.empty()) labels.push_back(all.path_labels[static_cast<size_t>(own)]);
  }
  if (n == 0)
    fail<DataError>("data", file, ": no path has two observations (there are ", dropped,
                    " paths), so none shows how x changes. Observe paths repeatedly, or correct --path.");
  Observations result = subset(all, kept);
  result.path = std::move(path);
  result.path_labels = std::move(labels);
  if (dropped > 0) result.remarks.push_back(fmt::format("left out paths of one observation: {}", dropped));
  return result;
}

// Some rows of a path: first, …, last − 1.
Observations stretch(const Observations& all, int64_t first, int64_t last) {
  std::vector<int64_t> rows(static_cast<size_t>(last - first));
  std::iota(rows.begin(), rows.end(), first);
  return subset(all, rows);
}

struct Part {
  Observations rest, held;
  std::string words;  // what is held out
};
Part hold_out_part(const Observations& all, double share, const Rng& rng, const std::string& file) {
  const int64_t paths = all.paths(), n = all.size();
  if (paths == 1) {
    if (n < 3)
      fail<DataError>("data", file, ": of a single path, ", n,
                      " observations are left. At least 3 are needed, to learn from two and to hold one out. Give more "
                      "observations, or --validation-share 0.");
    const int64_t held = std::clamp<int64_t>(std::llround(share * static_cast<double>(n)), 1, n - 2);
    return {stretch(all, 0, n - held), stretch(all, n - held - 1, n),
            fmt::format("the last {} of {} observations of the only path", held, n)};
  }
  // Of a few paths one is held out, however small the share.
  HeldOut parts = hold_out(all, std::max(share, 1 / static_cast<double>(paths)), false, rng);
  std::string words = fmt::format("{} of {} paths", parts.test.paths(), paths);
  return {std::move(parts.train), std::move(parts.test), std::move(words)};
}

}  // namespace

Trajectories load_trajectories(const TrajectorySettings& s) {
  if (s.data.empty()) fail<UsageError>("--data", "is missing. Give a table with columns t, path, x1 ...");
  const std::string file = find_data_file(s.data, "", {}, "a .csv, .npy or .npz file of rows t, path and x1");
  const Observations all = long_paths(read_observations(file, s.file), file);
  const Rng rng = Rng(static_cast<uint64_t>(s.seed)).split("held out");
  Part test = hold_out_part(all, s.test_share, rng.split("test"), file);
  Trajectories result{.name = s.data,
                      .sha256 = sha256_of_file(file),
                      .train = std::move(test.rest),
                      .test = std::move(test.held),
                      .one_path = all.paths() == 1,
                      .held_out = std::move(test.words)};
  if (s.validation_share == 0) return result;
  Part validation = hold_out_part(long_paths(result.train, file), s.validation_share, rng.split("validation"), file);
  result.train = std::move(validation.rest);
  result.validation = std::move(validation.held);
  result.validated = std::move(validation.words);
  return result;
}

}  // namespace dimwise::app::ode
