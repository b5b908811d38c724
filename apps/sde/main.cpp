#include "apps/sde/commands.hpp"
#include "ops/threads.hpp"

int main(int argc, char** argv) {
  dimwise::set_threads(1);
  dimwise::app::App app("dimwise-sde", "stochastic differential equations with diagonal noise");
  dimwise::app::sde::add_simulate(app);
  dimwise::app::sde::add_train(app);
  dimwise::app::sde::add_eval(app);
  dimwise::app::sde::add_plot(app);
  dimwise::app::sde::add_compare(app);
  return run_app(app, argc, argv);
}
