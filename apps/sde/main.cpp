#include "apps/common/run/info.hpp"
#include "apps/sde/commands.hpp"
#include "apps/sde/model/settings.hpp"
#include "ops/threads.hpp"

int main(int argc, char** argv) {
  dimwise::set_threads(1);
  dimwise::app::App app("dimwise-sde", "stochastic differential equations with diagonal noise");
  dimwise::app::sde::add_simulate(app);
  dimwise::app::sde::add_train(app);
  dimwise::app::sde::add_eval(app);
  dimwise::app::sde::add_plot(app);
  dimwise::app::sde::add_grid(app);
  dimwise::app::sde::add_bootstrap(app);
  dimwise::app::sde::add_compare(app);
  dimwise::app::add_info<dimwise::app::sde::FitSettings>(app, "fit", "runs/sde");
  return run_app(app, argc, argv);
}
