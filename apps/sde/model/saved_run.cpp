#include "apps/sde/model/saved_run.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::sde {

SavedRun load_run(const std::string& path) {
  const Checkpoint checkpoint = trained_checkpoint(path, "fit", "dimwise-sde");
  SavedRun run;
  static_cast<TrainedModel<FitSettings, SdeModel>&>(run) =
      app::load_run<FitSettings, SdeModel>(checkpoint, "model.", [&](const FitSettings& s) {
        run.data = load_dataset(data_settings(s));
        check_unchanged(run.data.name, run.data.sha256, s.sha256, checkpoint.path);
        run.known = known_diffusion(s, run.data);
        return make_model(s.model, run.data.train, run.known, Rng(0));
      });
  return run;
}

const SdeSystem* known_density(const SavedRun& fit) {
  const auto& truth = fit.data.truth;
  const bool same = truth && truth->log_density && !fit.model.from_start &&
                    fit.data.train.groups() == static_cast<int64_t>(truth->groups.size());
  return same ? &*truth : nullptr;
}

Errors errors(const SdeModel& model, const SdeSystem& truth, const std::vector<std::optional<double>>& known,
              const Observations& at) {
  const NoGrad guard;
  const Observations some = spread_rows(at, most_scored);
  const Tensor t = reshape(tensor(some.t, DType::float64), {some.size(), 1});
  const Sde learned = equation(astype(model, DType::float64));
  const auto difference = [&](const SdeCoefficient& a, const SdeCoefficient& b) {
    return mean(abs(a(t, some.x, 0)[0] - b(t, some.x, 0)[0]), {0}).values();
  };
  Errors e{difference(learned.drift, truth.sde.drift), difference(learned.diffusion, truth.sde.diffusion)};
  int64_t unknown = 0;
  for (size_t i = 0; i < known.size(); ++i) {
    e.mean_drift += e.drift[i] / static_cast<double>(known.size());
    if (known[i]) continue;
    e.mean_diffusion += e.diffusion[i];
    ++unknown;
  }
  e.mean_diffusion /= static_cast<double>(std::max<int64_t>(unknown, 1));
  return e;
}

std::vector<std::string> limits(const FitSettings& s, const Dataset& data) {
  std::vector<std::string> all;
  if (s.model.net.time)
    all.emplace_back(
        "densities do not identify an f and a g that depend on time: for any g there is an f with the same p(t, x). "
        "Interpret them together.");
  if (s.method == "euler") {
    all.emplace_back(
        "the Euler pseudo-likelihood assumes that f and g are constant between observations: it is biased if the "
        "intervals are long.");
    return all;
  }
  if (s.model.initial == "groups" && data.train.groups() == 1 && data.train.d() > 1)
    all.emplace_back(
        "there is one initial law; in several dimensions f is identified only up to flows that leave p(t, x) unchanged "
        "at all times. Several laws (a column group) or --initial start give more information.");
  all.emplace_back(
      "f and g are learned from the change of p(t, x), so a stationary process does not show its speed. g is "
      "diagonal: noise that drives several components at once is not found.");
  return all;
}

}  // namespace dimwise::app::sde
