#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/apps/cnf/cnf_run.hpp"
#include "tests/apps/ode/ode_run.hpp"
#include "tests/apps/ode/trajectories.hpp"
#include "tests/apps/sde/sde_run.hpp"
#include "tests/apps/vae/vae_run.hpp"

namespace dimwise::app {

// A kind of training, with checkpoints so often that an end at any moment is near one.
struct Training {
  std::string app, name, executable;
  std::function<Strings(const std::string& out)> words;
  std::string begun;  // what it says when its state is built
  int64_t steps;
};

// One row for each kind of state that a checkpoint has: the loader's place, the noise of a trace, stages, shards.
inline std::vector<Training> trainings(const TemporaryFolder& folder) {
  std::vector<Training> all;
  for (const std::string& data : {std::string("moons"), rows_file(folder)})
    all.push_back({"cnf", data, DIMWISE_CNF,
                   [data](const std::string& out) {
                     return training(data, out, 300) + Strings{"--trace",      "hutchinson", "--checkpoint-every", "7",
                                                               "--eval-every", "60",         "--log-every",        "3"};
                   },
                   "model:", 300});
  const std::pair<std::string, Strings> fits[]{
      {"two-stage", {}},
      {"joint", {"--fit", "joint", "--residual", "l1"}},
      {"euler", {"--method", "euler"}},
      {"flow", {"--density", "flow", "--data", "rotating-ou"}},
      {"threads", {"--threads", "2", "--fit", "joint"}},
  };
  for (const auto& [name, flags] : fits)
    all.push_back({"sde", name, DIMWISE_SDE,
                   [flags = flags](const std::string& out) {
                     return fitting(out, 240) +
                            Strings{"--checkpoint-every", "10", "--eval-every", "30", "--log-every", "3"} + flags;
                   },
                   "model:", 240});
  const std::pair<std::string, Strings> autoencoders[]{
      {"orthogonal", {}},
      {"ffjord", {}},
      {"hollow", {"--threads", "2"}},
  };
  for (const auto& [name, flags] : autoencoders)
    all.push_back({"vae", name, DIMWISE_VAE,
                   [name = name, flags = flags](const std::string& out) {
                     return small_vae(name, out, 20) + Strings{"--checkpoint-every", "7"} + flags;
                   },
                   "model:", 120});
  all.push_back({"ode", "cnf", DIMWISE_ODE,
                 [](const std::string& out) {
                   return tiny_experiment("cnf", out, 40) + Strings{"--checkpoint-every", "3", "--measure-every", "2"};
                 },
                 "task cnf", 40});
  const std::string paths = lotka_volterra_file(folder);
  all.push_back({"ode", "fit", DIMWISE_ODE,
                 [paths](const std::string& out) {
                   return small_fit(paths, out, 60) +
                          Strings{"--checkpoint-every", "3", "--eval-every", "7", "--log-every", "2"};
                 },
                 "model:", 60});
  return all;
}

}  // namespace dimwise::app
