#include "apps/ode/commands.hpp"
#include "apps/ode/train.hpp"
#include "ops/threads.hpp"

int main(int argc, char** argv) {
  dimwise::set_threads(1);
  dimwise::app::App app("dimwise-ode", "ordinary differential equations, stiff ones by dimension-wise derivatives");
  dimwise::app::add_solve(app);
  dimwise::app::add_race(app);
  dimwise::app::add_problems(app);
  dimwise::app::add_experiment(app);
  dimwise::app::add_bounce(app);
  return run_app(app, argc, argv);
}
