#include <iostream>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/plot/write.hpp"
#include "apps/common/run/run_folder.hpp"
#include "apps/vae/commands.hpp"
#include "apps/vae/pictures.hpp"
#include "apps/vae/saved_run.hpp"
#include "autodiff/context.hpp"
#include "nn/distributions/bernoulli.hpp"
#include "nn/io/npz.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::vae {

namespace {

struct SampleSettings {
  CommonFlags common{.out = "runs/vae"};
  std::string weights = "best";
  int64_t n = 100, columns = 10;
  bool binary = false;
  std::string npz = {};
};

void draw(const SampleSettings& s) {
  const SavedRun run = load_run(s.common.out, s.weights);
  const ModelSettings& model = run.settings.model;
  const NoGrad guard;
  const Rng rng(static_cast<uint64_t>(s.common.seed));
  const Tensor z = rng.split("z").normal({s.n, model.latent}, model.dtype);
  const Bernoulli pixels{run.model.decoder(z)};
  const Tensor shown = s.binary ? pixels.sample(rng.split("x")) : pixels.mean();
  if (!s.npz.empty()) {
    if (!s.npz.ends_with(".npz")) fail<UsageError>("--npz", "must end in .npz, not \"", s.npz, "\".");
    write_result("sample", "--npz", [&] {
      save_npz(s.npz, {{"z", z}, {"images", reshape(shown, {s.n, model.height, model.width})}});
    });
    std::cout << s.npz << '\n';
  }
  for (const std::string& path : write_figure(image_grid(shown, model.height, model.width, s.columns),
                                              result_figure(s.common.out, "samples"), s.common.figures))
    std::cout << path << '\n';
}

}  // namespace

void add_sample(App& app) {
  const auto s = std::make_shared<SampleSettings>();
  Command& c = app.command("sample", "draws images from the model into OUT/figs/samples");
  c.example("sample --out runs/strokes", "A hundred images");
  c.section("Samples");
  c.add_choice("weights", s->weights, Words{"best", "last"}, "the best on the validation set, or the last");
  c.add("n", s->n, "number of images", Range{.min = 1, .max = 10000});
  c.add("columns", s->columns, "images in a row", Range{.min = 1, .max = 100});
  c.add("binary", s->binary, "draw each pixel instead of showing its probability");
  c.add("npz", s->npz, "also write z (n, latent) and images (n, height, width) to this file").placeholder = "FILE";
  c.section("Run");
  add_out(c, s->common);
  add_seed(c, s->common.seed);
  add_figures(c, s->common);
  c.does([s](const Command&) { draw(*s); });
}

}  // namespace dimwise::app::vae
