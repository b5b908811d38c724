#include <filesystem>
#include <iostream>

#include "apps/common/plot/png.hpp"
#include "apps/sde/commands.hpp"
#include "apps/sde/pictures.hpp"

namespace dimwise::app::sde {

namespace {

void plot(const CommonFlags& common) {
  const SavedRun fit = load_run(common.out);
  const std::filesystem::path folder = std::filesystem::absolute(fit.path).parent_path();
  const std::filesystem::path figures =
      std::filesystem::is_directory(common.out) ? common.out + "/figs" : (folder / "figs").string();
  std::filesystem::create_directories(figures);
  const auto write = [&](const Picture& picture) {
    const std::string path = (figures / (picture.name + ".png")).string();
    write_png(render(picture.figure), path);
    std::cout << path << '\n';
  };
  write(data_picture(fit));
  if (const auto density = density_picture(fit, Rng(static_cast<uint64_t>(common.seed)))) write(*density);
  write(drift_picture(fit));
  write(diffusion_picture(fit));
  if (const Picture training = training_picture((folder / "metrics.jsonl").string()); !training.figure.panels.empty())
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
  c.does([s](const Command&) { plot(*s); });
}

}  // namespace dimwise::app::sde
