#include <iostream>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/run/run_folder.hpp"
#include "apps/vae/commands.hpp"
#include "apps/vae/model/objective.hpp"
#include "apps/vae/saved_run.hpp"
#include "apps/vae/scores.hpp"
#include "autodiff/context.hpp"
#include "nn/io/npz.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::vae {

namespace {

struct EncodeSettings {
  CommonFlags common{.out = "runs/vae"};
  std::string weights = "best", part = "test", file = "encoded.npz";
  SolverSettings solver{.trace = "exact", .rtol = 1e-4, .atol = 1e-4};
};

// Writes a draw of z for each image and the parts of its bound; that of the test images is eval's, with its seed.
void encode(const EncodeSettings& s) {
  if (!s.file.ends_with(".npz")) fail<UsageError>("--file", "must end in .npz, not \"", s.file, "\".");
  const SavedRun run = load_run(s.common.out, s.weights);
  const Images images = load_images(run);
  const Tensor& x = s.part == "train" ? images.train : s.part == "validation" ? images.validation : images.test;
  const NoGrad guard;
  std::vector<Tensor> z, reconstruction, divergence;
  for (int64_t chunk = 0; chunk * images_of_elbo < x.dim(0); ++chunk) {
    const Elbo bound = elbo_of_chunk(run.model, x, chunk, s.common.seed, flow_options(s.solver));
    z.push_back(bound.z);
    reconstruction.push_back(bound.reconstruction);
    divergence.push_back(bound.divergence);
  }
  const Tensor kl = concat(divergence, 0);
  write_result("encode", "--file", [&] {
    save_npz(s.file, {{"z", concat(z, 0)}, {"kl", kl}, {"negative_elbo", concat(reconstruction, 0) + kl}});
  });
  std::cout << x.dim(0) << " images encoded in " << s.file << '\n';
}

}  // namespace

void add_encode(App& app) {
  const auto s = std::make_shared<EncodeSettings>();
  Command& c = app.command("encode", "writes z, KL and -ELBO of each image as .npz");
  c.example("encode --out runs/strokes --file codes.npz", "A latent code for every test image");
  c.section("Images");
  c.add_choice("weights", s->weights, Words{"best", "last"}, "the best on the validation set, or the last");
  c.add_choice("part", s->part, Words{"train", "validation", "test"}, "of the images the model was trained on");
  c.add("file", s->file, "where to write z (n, latent), kl (n) and negative_elbo (n), in nats, of one draw of z each")
      .placeholder = "FILE";
  add_solver(c, s->solver);
  c.section("Run");
  add_out(c, s->common);
  add_seed(c, s->common.seed);
  c.does([s](const Command&) { encode(*s); });
}

}  // namespace dimwise::app::vae
