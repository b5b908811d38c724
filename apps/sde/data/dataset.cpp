#include "apps/sde/data/dataset.hpp"

#include <algorithm>
#include <set>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/data/data_file.hpp"
#include "apps/common/data/sha256.hpp"

namespace dimwise::app::sde {

namespace {

bool built_in(const std::string& name) {
  const auto& names = sde_system_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Dataset load_dataset(const DataSettings& s) {
  const Rng rng(static_cast<uint64_t>(s.seed));
  Dataset set;
  set.name = s.data;
  Observations all;
  if (built_in(s.data)) {
    if (!s.truth.empty()) fail<UsageError>("--truth", "is for a file, but ", s.data, " is a built-in system.");
    set.truth = sde_system("--data", s.data, s.system);
    all = simulate(process_of(*set.truth), s.simulation, rng.split("simulation")).seen;
  } else {
    if (!s.truth.empty()) set.truth = sde_system("--truth", s.truth, s.system);
    const std::string path =
        find_data_file(s.data, "system", sde_system_names(), "a .csv, .npy or .npz with columns t, path and x");
    all = read_observations(path, s.file);
    set.sha256 = sha256_of_file(path);
    if (set.truth && set.truth->d != all.d())
      fail<UsageError>("--truth", s.truth, " has d = ", set.truth->d, ", but ", path, " has d = ", all.d(), ".");
  }
  HeldOut parts = hold_out(all, s.test_share, s.file.window > 0, rng.split("test"));
  set.train = s.keep < 1 ? thin(parts.train, s.keep, rng.split("keep")) : std::move(parts.train);
  if (s.bootstrap > 0)
    set.train = resample(set.train, rng.split("bootstrap").split(static_cast<uint64_t>(s.bootstrap)));
  set.test = std::move(parts.test);
  const std::set<int64_t> seen(set.train.group.begin(), set.train.group.end());
  for (const int64_t group : set.test.group)
    if (!seen.contains(group))
      fail<DataError>("data", "there are ", all.groups(),
                      " groups, but one of them has no training observations. Give more paths of each, or another "
                      "--seed or --keep.");
  return set;
}

}  // namespace dimwise::app::sde
