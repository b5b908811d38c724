#include "apps/common/run/info.hpp"
#include "apps/ode/commands.hpp"
#include "apps/ode/experiment/settings.hpp"
#include "apps/ode/fit/settings.hpp"
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
  dimwise::app::add_info<dimwise::app::ode::TrainSettings, dimwise::app::ode::FitSettings>(app, "learned dynamics",
                                                                                           "runs/stiffness");
  return run_app(app, argc, argv);
}
