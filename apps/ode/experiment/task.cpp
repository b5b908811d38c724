#include "apps/ode/experiment/task.hpp"

#include "apps/cnf/model.hpp"
#include "apps/common/cli/common_flags.hpp"

namespace dimwise::app::experiment {

const std::vector<std::string>& task_names() {
  static const std::vector<std::string> names{"cnf", "trajectories", "rotation"};
  return names;
}

std::unique_ptr<Task> make_task(const TaskSettings& settings, DType dtype) {
  if (settings.task == "cnf") return make_flow_task(settings, dtype);
  if (settings.task == "trajectories" || settings.task == "rotation") return make_trajectory_task(settings, dtype);
  fail<ValueError>("task", "there is no task '", settings.task, "'. Use cnf, trajectories or rotation.");
}

AnyHollowNet make_net(const NetSettings& s, const Task& task, const Rng& rng) {
  return make_hollow_net({.conditioner = s.conditioner,
                          .transformer = s.transformer,
                          .d = task.dimension(),
                          .d_h = s.d_h,
                          .hidden = s.hidden,
                          .transformer_hidden = s.transformer_hidden,
                          .activation = parse_activation(s.activation),
                          .time = task.uses_time(),
                          .dtype = parse_dtype(s.dtype)},
                         rng);
}

}  // namespace dimwise::app::experiment
