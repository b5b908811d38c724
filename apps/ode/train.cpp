#include "apps/ode/commands.hpp"
#include "apps/ode/experiment/training.hpp"

namespace dimwise::app::ode {

void add_train(App& app) {
  // The settings live as long as the command that is bound to them.
  const auto s = std::make_shared<TrainSettings>();
  Command& c = app.command("train", "compares solvers on one model during its training");
  c.example("train --task cnf --data pinwheel --minutes 10 --out runs/ode-cnf",
            "A continuous normalizing flow that becomes stiff: counts and seconds of three solvers");
  c.example("train --task trajectories --mu 20 --minutes 10 --out runs/ode-vdp",
            "Dynamics learned from trajectories of van der Pol's equation");
  c.example("train --task rotation --minutes 10 --out runs/ode-rotation",
            "Fast rotating modes: the diagonal of the Jacobian does not help");
  c.example("train --task rotation --minutes 10 --out runs/ode-rotation --resume auto",
            "Continue an interrupted run; for a finished run, only repeat its report");
  add_settings(c, *s);
  c.does([s](const Command& self) { run_experiment(*s, self); });
}

}  // namespace dimwise::app::ode
