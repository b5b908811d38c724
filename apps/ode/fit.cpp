#include "apps/ode/commands.hpp"
#include "apps/ode/fit/training.hpp"

namespace dimwise::app::ode {

void add_fit(App& app) {
  // The settings live as long as the command that is bound to them.
  const auto s = std::make_shared<FitSettings>();
  Command& c = app.command("fit", "learns the dynamics of observed trajectories: a neural ODE");
  c.example("fit --data paths.csv --out runs/paths", "A table with columns t, path, x1 ...; times may be irregular");
  c.example("fit --data series.csv --model mlp --test-share 0.3", "A single path, of which the end is held out");
  c.example("fit --data paths.csv --out runs/paths --resume", "Continue an interrupted run");
  c.example("solve --model runs/paths --t1 100 --y0 1,2", "Then: solve the learned dynamics from any start");
  add_settings(c, *s);
  c.does([s](const Command& self) { run_fit(*s, self); });
}

}  // namespace dimwise::app::ode
