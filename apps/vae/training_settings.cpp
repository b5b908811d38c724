#include <nlohmann/json.hpp>

#include "apps/vae/training.hpp"

namespace dimwise::app::vae {

FlowOptions train_options(const TrainSettings& s) {
  SolverSettings solver = s.solver;
  if (solver.trace == "auto") solver.trace = s.model.flow == "ffjord" ? "hutchinson" : "exact";
  FlowOptions options = flow_options(solver);
  options.ode.gradient = s.gradient == "adjoint"        ? OdeGradient::adjoint
                         : s.gradient == "checkpointed" ? OdeGradient::checkpointed
                                                        : OdeGradient::direct;
  return options;
}

nlohmann::ordered_json to_json(const TrainSettings& s) {
  nlohmann::ordered_json j{{"data", s.images.data},
                           {"train_images", s.images.train_images},
                           {"validation_images", s.images.validation_images},
                           {"seed", s.common.seed},
                           {"batch_size", s.common.batch_size},
                           {"threads", s.common.threads},
                           {"lr", s.common.lr},
                           {"warm_up", s.warm_up},
                           {"clip", s.clip}};
  j.update(to_json(s.model));
  if (continuous(s.model.flow))
    j.update({{"trace", s.solver.trace},
              {"method", s.solver.method},
              {"corrector", s.solver.corrector},
              {"rtol", s.solver.rtol},
              {"atol", s.solver.atol},
              {"solver_steps", s.solver.solver_steps},
              {"gradient", s.gradient}});
  return j;
}

TrainSettings train_settings(const std::string& text, const std::string& where) {
  try {
    const auto j = nlohmann::ordered_json::parse(text);
    TrainSettings s;
    j.at("data").get_to(s.images.data);
    j.at("train_images").get_to(s.images.train_images);
    j.at("validation_images").get_to(s.images.validation_images);
    j.at("seed").get_to(s.common.seed);
    s.images.seed = s.common.seed;
    j.at("batch_size").get_to(s.common.batch_size);
    j.at("threads").get_to(s.common.threads);
    j.at("lr").get_to(s.common.lr);
    j.at("warm_up").get_to(s.warm_up);
    j.at("clip").get_to(s.clip);
    s.model = model_settings(j);
    if (continuous(s.model.flow)) {
      j.at("trace").get_to(s.solver.trace);
      j.at("method").get_to(s.solver.method);
      j.at("corrector").get_to(s.solver.corrector);
      j.at("rtol").get_to(s.solver.rtol);
      j.at("atol").get_to(s.solver.atol);
      j.at("solver_steps").get_to(s.solver.solver_steps);
      j.at("gradient").get_to(s.gradient);
    }
    return s;
  } catch (const nlohmann::json::exception&) {
    fail<CheckpointError>("model", where, " was not written by dimwise-vae train.");
  }
}

}  // namespace dimwise::app::vae
