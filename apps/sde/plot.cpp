#include <iostream>

#include "apps/common/plot/write.hpp"
#include "apps/common/run/run_folder.hpp"
#include "apps/sde/commands.hpp"
#include "apps/sde/model/replicates.hpp"
#include "apps/sde/pictures.hpp"

namespace dimwise::app::sde {

namespace {

void plot(const CommonFlags& common) {
  const SavedRun fit = load_run(common.out);
  const auto write = [&](const Picture& picture) {
    for (const std::string& path :
         write_figure(picture.figure, result_figure(common.out, picture.name), common.figures))
      std::cout << path << '\n';
  };
  write(data_picture(fit));
  if (const auto density = density_picture(fit, Rng(static_cast<uint64_t>(common.seed)))) write(*density);
  const std::vector<Sde> replicates = load_replicates(fit, common.out);
  write(drift_picture(fit, replicates));
  write(diffusion_picture(fit, replicates));
  if (const Picture training = training_picture(result_folder(common.out) + "/metrics.jsonl");
      !training.figure.panels.empty())
    write(training);
}

}  // namespace

void add_plot(App& app) {
  const auto s = std::make_shared<CommonFlags>();
  s->out = "runs/sde";
  Command& c = app.command("plot", "draws data, learned density, drift, diffusion and training into OUT/figs");
  c.example("plot --out runs/well", "Pictures of a fit");
  c.section("Run");
  add_out(c, *s);
  add_seed(c, s->seed);
  add_figures(c, *s);
  c.does([s](const Command&) { plot(*s); });
}

}  // namespace dimwise::app::sde
