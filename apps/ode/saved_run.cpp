#include "apps/ode/saved_run.hpp"

#include <nlohmann/json.hpp>

#include "apps/cnf/model.hpp"
#include "apps/common/cli/common_flags.hpp"
#include "apps/ode/experiment/task.hpp"

namespace dimwise::app {

bool is_trained_dynamics(const Checkpoint& checkpoint) { return checkpoint.metadata.count("experiment") > 0; }

OdeProblem trained_dynamics(const Checkpoint& checkpoint, int64_t samples, int64_t seed) {
  experiment::TaskSettings task;
  experiment::NetSettings net;
  try {
    const auto j = nlohmann::json::parse(checkpoint.metadata.at("experiment"));
    j.at("task").get_to(task.task);
    j.at("data").get_to(task.data);
    j.at("end-time").get_to(task.end_time);
    j.at("mu").get_to(task.mu);
    j.at("damping").get_to(task.damping);
    j.at("frequency").get_to(task.frequency);
    j.at("window").get_to(task.window);
    j.at("observations").get_to(task.observations);
    j.at("conditioner").get_to(net.conditioner);
    j.at("transformer").get_to(net.transformer);
    j.at("hidden").get_to(net.hidden);
    j.at("transformer-hidden").get_to(net.transformer_hidden);
    j.at("d-h").get_to(net.d_h);
    j.at("activation").get_to(net.activation);
    j.at("dtype").get_to(net.dtype);
  } catch (const nlohmann::json::exception& e) {
    fail<CheckpointError>("model", checkpoint.path, ": the settings of its experiment cannot be read: ", e.what());
  }
  task.rows = task.batch = samples;
  task.seed = seed;
  const auto learned = experiment::make_task(task, parse_dtype(net.dtype));
  AnyHollowNet dynamics = experiment::make_net(net, *learned, Rng(0));
  load_state_dict(dynamics, checkpoint.tensors, "model.");
  const experiment::Iteration iteration = learned->iteration(dynamics, 0);
  const bool alone = iteration.start.size() == 1;  // a flow carries its log-determinant along
  return {.name = task.task,
          .title = "dynamics learned in " + checkpoint.path,
          .source = "dimwise-ode train --task " + task.task,
          .term = alone ? iteration.term : hollow_term(dynamics, {.time = true}),
          .y0 = {iteration.start[0]},
          .times = iteration.times};
}

}  // namespace dimwise::app
