#include "apps/ode/experiment/settings.hpp"

#include "apps/common/cli/net_settings.hpp"

namespace dimwise::app::ode {

void add_settings(Command& c, TrainSettings& s) {
  TaskSettings& task = s.task;
  c.section("Task");
  c.add_choice("task", task.task, task_names(), "the learning problem");
  add_data(c, task.data, "of cnf: a built-in density, or a .csv or .npy file of rows");
  c.add("end-time", task.end_time, "of cnf: T, the time from the base to the data", positive);
  c.add("mu", task.mu, "of trajectories: mu of van der Pol's equation", positive);
  c.add("damping", task.damping, "of rotation: decay rate of the fast modes", not_negative);
  c.add("frequency", task.frequency, "of rotation: angular frequency of the fast modes, in radians", not_negative);
  c.add("window", task.window, "of trajectories, rotation: the last observed time", positive);
  c.add("observations", task.observations,
        "of trajectories, rotation: number of observed times, each four times the previous one", at_least_one);
  c.add("rows", task.rows, "of trajectories, rotation: observed trajectories", at_least_one);
  add_table(c, task.table);
  c.section("Model");
  add_net(c, s.net);
  add_dtype(c, s.net.dtype);
  c.section("Solvers");
  c.add("solvers", s.solvers,
        "adaptive methods to compare; implicit ones can have a corrector, such as adams/functional");
  c.add("train-with", s.train_with, "the solver whose gradient trains the model");
  c.add("rtol", s.limits.rtol, "relative tolerance of all solvers, forward and backward", positive);
  c.add("atol", s.limits.atol, "absolute tolerance of all solvers", positive);
  c.add("max-evaluations", s.limits.max_evaluations,
        "maximum number of evaluations of f; a solve that needs more is recorded as unfinished", at_least_one);
  c.add("measure-every", s.measure_every, "iterations between measurements of all solvers", at_least_one);
  c.add("tolerances", s.tolerances, "rtol and atol of the measurements on the trained model", positive)
      .not_in_checkpoint();
  c.section("Training");
  add_seed(c, task.seed);
  add_steps(c, s.common);
  add_batch_size(c, task.batch);
  add_lr(c, s.common);
  c.add("clip", s.clip, "maximum norm of the gradient", positive);
  add_run(c, s.common);
  add_figures(c, s.common);
}

Command saved_command(TrainSettings& s) {
  Command c("dimwise-ode", "train", "");
  add_settings(c, s);
  c.add("SHA-256 of the data", s.sha256, "");
  return c;
}

}  // namespace dimwise::app::ode
