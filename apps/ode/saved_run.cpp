#include "apps/ode/saved_run.hpp"

namespace dimwise::app::ode {

SavedRun load_run(const Checkpoint& checkpoint) {
  return app::load_run<TrainSettings, AnyHollowNet>(checkpoint, "model.", [](const TrainSettings& s) {
    TaskSettings small = s.task;  // of which the net needs the dimension alone
    small.rows = small.batch = 1;
    return make_net(s.net, *make_task(small, s.net.dtype), Rng(0));
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

}  // namespace dimwise::app::ode
