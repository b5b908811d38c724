#include "apps/ode/commands.hpp"
#include "ops/threads.hpp"

int main(int argc, char** argv) {
  dimwise::set_threads(1);
  dimwise::app::App app("dimwise-ode", "ordinary differential equations, stiff ones by dimension-wise derivatives");
  dimwise::app::ode::add_solve(app);
  dimwise::app::ode::add_race(app);
  dimwise::app::ode::add_problems(app);
  dimwise::app::ode::add_train(app);
  dimwise::app::ode::add_fit(app);
  dimwise::app::ode::add_bounce(app);
  return run_app(app, argc, argv);
}
