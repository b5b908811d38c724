#include "apps/ode/saved_run.hpp"

#include "apps/common/run/saved_settings.hpp"

namespace dimwise::app::experiment {

SavedRun load_run(const Checkpoint& checkpoint) {
  SavedRun run{.path = checkpoint.path};
  restore_settings(experiment_command(run.settings), checkpoint);
  TaskSettings small = run.settings.task;  // of which the net needs the dimension alone
  small.rows = small.batch = 1;
  run.net = make_net(run.settings.net, *make_task(small, run.settings.net.dtype), Rng(0));
  load_state_dict(run.net, checkpoint.tensors, "model.");
  return run;
}

OdeProblem learned_problem(const SavedRun& run, int64_t samples, int64_t seed) {
  TaskSettings settings = run.settings.task;
  settings.rows = settings.batch = samples;
  settings.seed = seed;
  const auto task = make_task(settings, run.settings.net.dtype);
  const Iteration iteration = task->iteration(run.net, 0);
  const bool alone = iteration.start.size() == 1;  // a flow carries its log-determinant along
  return {.name = settings.task,
          .title = "dynamics learned in " + run.path,
          .source = "dimwise-ode train --task " + settings.task,
          .term = alone ? iteration.term : hollow_term(run.net, {.time = true}),
          .y0 = {iteration.start[0]},
          .times = iteration.times};
}

}  // namespace dimwise::app::experiment
