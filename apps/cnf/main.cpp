#include "apps/cnf/commands.hpp"
#include "apps/common/cnf/settings.hpp"
#include "apps/common/run/info.hpp"
#include "ops/threads.hpp"

int main(int argc, char** argv) {
  dimwise::set_threads(1);
  dimwise::app::App app("dimwise-cnf", "continuous normalizing flows with exact trace, by HollowNets");
  dimwise::app::cnf::add_train(app);
  dimwise::app::cnf::add_eval(app);
  dimwise::app::cnf::add_score(app);
  dimwise::app::cnf::add_sample(app);
  dimwise::app::cnf::add_grid(app);
  dimwise::app::cnf::add_plot(app);
  dimwise::app::add_info<dimwise::app::cnf::TrainSettings>(app, "trained flow", "runs/cnf");
  return run_app(app, argc, argv);
}
