#include <algorithm>
#include <iostream>

#include "apps/common/plot/write.hpp"
#include "apps/common/run/run_folder.hpp"
#include "apps/vae/commands.hpp"
#include "apps/vae/pictures.hpp"
#include "apps/vae/saved_run.hpp"
#include "autodiff/context.hpp"
#include "nn/distributions/bernoulli.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::vae {

namespace {

struct ReconstructSettings {
  CommonFlags common{.out = "runs/vae"};
  std::string weights = "best";
  int64_t n = 40, columns = 10;
  SolverSettings solver{.trace = "hutchinson"};  // the cheapest, since the trace is not used
};

// Rows of test images, and below each the decoded samples of their posteriors.
void reconstruct(const ReconstructSettings& s) {
  const SavedRun run = load_run(s.common.out, s.weights);
  const ModelSettings& model = run.settings.model;
  const Images images = load_images(run);
  const NoGrad guard;
  const int64_t n = std::min(s.n, images.test.dim(0));
  const Tensor x = astype(slice(images.test, 0, 0, n), model.dtype);
  const Encoded encoded = encode(run.model, x);
  const FlowSample draw = run.model.flow.sample(Rng(static_cast<uint64_t>(s.common.seed)).split("z"), encoded.base,
                                                encoded.context, {}, flow_options(s.solver));
  const Tensor decoded = Bernoulli{run.model.decoder(draw.z)}.mean();
  std::vector<Tensor> rows;
  for (int64_t begin = 0; begin < n; begin += s.columns) {
    const int64_t end = std::min(n, begin + s.columns);
    for (const Tensor& both : {x, decoded}) {
      rows.push_back(slice(both, 0, begin, end));
      if (end - begin < s.columns) rows.push_back(zeros({s.columns - (end - begin), x.dim(1)}, x.dtype()));
    }
  }
  for (const std::string& path : write_figure(image_grid(concat(rows, 0), model.height, model.width, s.columns),
                                              result_figure(s.common.out, "reconstructions"), s.common.figures))
    std::cout << path << '\n';
}

}  // namespace

void add_reconstruct(App& app) {
  const auto s = std::make_shared<ReconstructSettings>();
  Command& c = app.command("reconstruct", "draws test images and their reconstructions into OUT/figs/reconstructions");
  c.example("reconstruct --out runs/strokes", "Forty images");
  c.section("Images");
  c.add_choice("weights", s->weights, Words{"best", "last"}, "the best on the validation set, or the last");
  c.add("n", s->n, "number of test images, from the first", Range{.min = 1, .max = 1000});
  c.add("columns", s->columns, "images in a row", Range{.min = 1, .max = 100});
  add_integrator(c, s->solver);
  c.section("Run");
  add_out(c, s->common);
  add_seed(c, s->common.seed);
  add_figures(c, s->common);
  c.does([s](const Command&) { reconstruct(*s); });
}

}  // namespace dimwise::app::vae
