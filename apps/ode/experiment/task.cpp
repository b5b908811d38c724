#include "apps/ode/experiment/task.hpp"

namespace dimwise::app::ode {

const std::vector<std::string>& task_names() {
  static const std::vector<std::string> names{"cnf", "trajectories", "rotation"};
  return names;
}

std::unique_ptr<Task> make_task(const TaskSettings& settings, DType dtype) {
  if (settings.task == "cnf") return make_flow_task(settings, dtype);
  if (settings.task == "trajectories" || settings.task == "rotation") return make_trajectory_task(settings, dtype);
  fail<ValueError>("task", "there is no task '", settings.task, "'. Use cnf, trajectories or rotation.");
}

AnyHollowNet make_net(HollowConfig net, const Task& task, const Rng& rng) {
  net.d = task.dimension();
  net.time = task.uses_time();
  return make_hollow_net(net, rng);
}

}  // namespace dimwise::app::ode
