#include "apps/ode/saved_run.hpp"

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cli/lists.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::ode {

SavedRun load_run(const Checkpoint& checkpoint) {
  return app::load_run<TrainSettings, AnyHollowNet>(checkpoint, "model.", [&](const TrainSettings& s) {
    TaskSettings small = s.task;  // of which the net needs the dimension alone
    small.rows = small.batch = 1;
    const std::unique_ptr<Task> task = make_task(small, s.net.dtype);
    check_unchanged(small.data, task->data_sha256(), s.sha256, checkpoint.path);
    return make_net(s.net, *task, Rng(0));
  });
}

OdeProblem learned_problem(const SavedRun& run, int64_t samples, int64_t seed) {
  TaskSettings settings = run.settings.task;
  settings.rows = settings.batch = samples;
  settings.seed = seed;
  const auto task = make_task(settings, run.settings.net.dtype);
  const Iteration iteration = task->iteration(run.model, 0);
  const bool alone = iteration.start.size() == 1;  // a flow carries its log-determinant along
  return {.name = settings.task,
          .title = "dynamics learned in " + run.path,
          .source = "dimwise-ode train --task " + settings.task,
          .term = alone ? iteration.term : hollow_term(run.model, {.time = true}),
          .y0 = {iteration.start[0]},
          .times = iteration.times};
}

SavedFit load_fit(const Checkpoint& checkpoint, const std::string& weights) {
  if (weights == "average") fail<UsageError>("--weights", "is average, but a fit has best and last weights.");
  return app::load_run<FitSettings, FitModel>(checkpoint, weights == "last" ? "model." : "best.",
                                              [](const FitSettings& s) { return make_model(s.model, Rng(0)); });
}

OdeProblem fitted_problem(const SavedFit& fit, int64_t samples, int64_t seed) {
  const FitModel model = astype(fit.model, DType::float64);
  const Tensor& starts = model.starts.value;
  const std::vector<double> clock = model.clock.value.values();
  const std::vector<int64_t> drawn = Rng(static_cast<uint64_t>(seed)).split("start").integers(samples, starts.dim(0));
  return {.name = "fit",
          .title = "dynamics learned in " + fit.path,
          .source = "dimwise-ode fit --data " + fit.settings.data.data,
          .term = dynamics(model),
          .y0 = {samples == 1 ? select(starts, 0, 0) : index_select(starts, 0, drawn)},
          .components = words_of(fit.settings.columns, '\n'),
          .times = {clock[0], clock[0] + clock[1]}};
}

}  // namespace dimwise::app::ode
