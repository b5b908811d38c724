// dimwise-vae eval, sample, reconstruct, table.
#include <cmath>
#include <filesystem>

#include "apps/vae/model/objective.hpp"
#include "apps/vae/saved_run.hpp"
#include "apps/vae/scores.hpp"
#include "autodiff/context.hpp"
#include "nn/distributions/bernoulli.hpp"
#include "nn/io/npy.hpp"
#include "nn/io/npz.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "ops/threads.hpp"
#include "tests/apps/vae/vae_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::vae_outputs_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

// What a user sees first of a PNG.
bool is_png(const std::string& path) { return read_text(path).starts_with("\x89PNG"); }

nlohmann::json evaluation(const std::string& out) { return nlohmann::json::parse(read_text(out + "/eval.json")); }

const Strings few{"--samples", "30", "--elbo-images", "100", "--nll-images", "50", "--batch-size", "100"};

}  // namespace

TEST_CASE("an importance-sampled likelihood approaches the integral over z") {
  const TemporaryFolder folder;
  REQUIRE(run_vae({"train",
                   "--out",
                   folder / "run",
                   "--flow",
                   "planar",
                   "--latent",
                   "1",
                   "--hidden",
                   "16",
                   "--train-images",
                   "500",
                   "--validation-images",
                   "50",
                   "--epochs",
                   "6",
                   "--warm-up",
                   "1",
                   "--lr",
                   "0.01",
                   "--dtype",
                   "float64",
                   "--quiet"})
              .code == 0);
  const vae::SavedRun trained = vae::load_run(folder / "run", "best");
  const vae::Images images = vae::load_images(trained.settings.images);
  const NoGrad guard;
  const Tensor x = astype(slice(images.test, 0, 0, 20), DType::float64);
  // log ∫ p(x|z) N(z) dz by the trapezoidal rule.
  constexpr int64_t points = 4001;
  constexpr double reach = 8, dz = 2 * reach / (points - 1);
  std::vector<double> grid;
  for (int64_t i = 0; i < points; ++i) grid.push_back(-reach + dz * static_cast<double>(i));
  const Tensor z = reshape(tensor(grid, DType::float64), {points, 1});
  const Tensor logits = trained.model.decoder(z);
  std::vector<double> exact;
  for (int64_t i = 0; i < 20; ++i) {
    const Tensor one = slice(x, 0, i, i + 1);
    exact.push_back(-logsumexp(Bernoulli{logits}.log_prob(one) + base_log_prob(z) + std::log(dz), {0}).item());
  }
  vae::Scores scores;
  ThreadPool pool(1);
  vae::score(scores, trained.model, x, {.samples = 16000}, {}, pool, [](int64_t, int64_t) { return true; });
  REQUIRE(scores.nll.size() == 20);
  double error = 0, gap = 0;
  for (size_t i = 0; i < 20; ++i) {
    error = std::max(error, std::abs(scores.nll[i] - exact[i]));
    gap += (scores.reconstruction[i] + scores.divergence[i] - exact[i]) / 20;
  }
  CHECK(error < 0.2);
  CHECK(gap > 0);  // the bound lies above, where the noise of its draws is small
}

TEST_CASE("scores do not depend on threads, nor on where an evaluation was stopped") {
  set_threads(1);  // as the executable
  const TemporaryFolder folder;
  for (const std::string flow : {"triangular", "hollow"}) {
    INFO(flow);
    const std::string out = folder / flow;
    REQUIRE(run_vae(small_vae(flow, out, 1) + Strings{"--quiet"}).code == 0);
    const Strings eval = Strings{"eval", "--out", out, "--quiet"} + few;
    const Ended one = run_vae(eval);
    INFO(one.err);
    REQUIRE(one.code == 0);
    CHECK_THAT(one.out, Contains("-ELBO") && Contains("100 test images") && Contains("50 test images, 30 draws"));
    const nlohmann::json first = evaluation(out);
    CHECK(first["nll"]["mean"] < first["negative_elbo"]["mean"]);
    CHECK(first["nll"]["standard_error"] > 0);
    CHECK((first["evaluations"] > 0) == (flow == "hollow"));
    REQUIRE(run_vae(eval + Strings{"--threads", "2"}).code == 0);
    CHECK(evaluation(out) == first);
    // In the middle, by the library as the app does it.
    const vae::SavedRun trained = vae::load_run(out, "best");
    const vae::Images images = vae::load_images(trained.settings.images);
    const vae::ScoreSettings settings{.samples = 30, .elbo_images = 100, .nll_images = 50, .batch_size = 100};
    const FlowOptions options{.ode = {.rtol = 1e-4, .atol = 1e-4}};
    vae::Scores scores;
    ThreadPool pool(1);
    for (int64_t stops = 0; scores.nll.size() < 50; ++stops) {
      REQUIRE(stops < 10);
      vae::score(scores, trained.model, images.test, settings, options, pool, [](int64_t, int64_t) { return false; });
    }
    CHECK(mean_of(scores.nll).mean == first["nll"]["mean"]);
    CHECK(vae::negative_elbo(scores).mean == first["negative_elbo"]["mean"]);
  }
}

TEST_CASE("an evaluation killed or interrupted goes on where it was") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(run_vae(small_vae("planar", out, 1) + Strings{"--quiet"}).code == 0);
  const Strings eval{"eval", "--out", out, "--samples", "8000", "--nll-images", "300"};
  REQUIRE(run_vae(eval + Strings{"--quiet"}).code == 0);
  const nlohmann::json whole = evaluation(out);
  std::filesystem::remove(out + "/eval.json");
  Process stopped(DIMWISE_VAE, eval);
  REQUIRE(stopped.prints("step "));
  stopped.send(SIGINT);
  const Ended interrupted = stopped.wait();
  REQUIRE(interrupted.code == 130);
  CHECK_THAT(interrupted.err, Contains("the finished part is saved; repeat the command to continue"));
  CHECK_FALSE(std::filesystem::exists(out + "/eval.json"));
  Process killed(DIMWISE_VAE, eval);
  killed.prints("continuing an interrupted evaluation");
  pause_seconds(0.05);
  killed.send(SIGKILL);
  REQUIRE(killed.wait().killed);
  const Ended last = run_vae(eval);
  REQUIRE(last.code == 0);
  CHECK_THAT(last.err, Contains("continuing an interrupted evaluation"));
  CHECK(evaluation(out) == whole);
  CHECK_FALSE(std::filesystem::exists(out + "/eval-partial.safetensors"));
  // What was done with other settings, or is damaged, is not gone on with.
  write_text(out + "/eval-partial.safetensors", "nonsense");
  const Ended anew = run_vae(Strings{"eval", "--out", out} + few);
  CHECK(anew.code == 0);
  CHECK_THAT(anew.err, Contains("warning: starting again"));
}

TEST_CASE("images are drawn, and the table gathers what was scored") {
  const TemporaryFolder folder;
  for (const std::string flow : {"none", "hollow"}) {
    const std::string out = folder / flow;
    REQUIRE(run_vae(small_vae(flow, out, 2) + Strings{"--quiet"}).code == 0);
    const Ended sampled = run_vae({"sample", "--out", out, "--n", "12", "--columns", "5"});
    CHECK(sampled.code == 0);
    CHECK(sampled.out == out + "/figs/samples.png\n");
    CHECK(is_png(out + "/figs/samples.png"));
    const std::string gray = read_text(out + "/figs/samples.png");
    REQUIRE(run_vae({"sample", "--out", out, "--n", "12", "--columns", "5", "--binary"}).code == 0);
    CHECK((read_text(out + "/figs/samples.png") != gray));
    CHECK(run_vae({"reconstruct", "--out", out, "--n", "7", "--columns", "5"}).code == 0);
    CHECK(is_png(out + "/figs/reconstructions.png"));
    REQUIRE(run_vae(Strings{"eval", "--out", out, "--quiet"} + few).code == 0);
  }
  const std::string runs = folder / "none" + "," + folder / "hollow";
  const Ended table = run_vae({"table", "--runs", runs, "--out", folder / "table", "--title", "Two of them"});
  INFO(table.err);
  REQUIRE(table.code == 0);
  CHECK(table.out == read_text(folder / "table/table.md"));
  char elbo[32];
  std::snprintf(elbo, sizeof elbo, "| %.2f ± ", evaluation(folder / "hollow")["negative_elbo"]["mean"].get<double>());
  CHECK_THAT(table.out, StartsWith("# Two of them\n") && Contains("| strokes | 120 | mlp | none |") &&
                            Contains("| hollow × 1 |") && Contains(elbo) && Contains("| 50 × 30 |"));
  CHECK_THAT(read_text(folder / "table/table.svg"), StartsWith("<?xml"));
  CHECK_THAT(table.err, Contains("table.md and " + (folder / "table/table.svg")));
  REQUIRE(run_vae({"table", "--runs", runs, "--out", folder / "both", "--format", "pdf,png"}).code == 0);
  CHECK(read_text(folder / "both/table.pdf").starts_with("%PDF"));
  CHECK(is_png(folder / "both/table.png"));
}

TEST_CASE("codes are written with the bounds that eval prints, and samples as numbers") {
  const TemporaryFolder folder;
  for (const std::string flow : {"planar", "hollow"}) {
    const std::string out = folder / flow, file = folder / flow + ".npz";
    REQUIRE(run_vae(small_vae(flow, out, 1) + Strings{"--quiet"}).code == 0);
    REQUIRE(run_vae({"eval", "--out", out, "--quiet", "--samples", "1", "--nll-images", "1", "--seed", "4"}).code == 0);
    const Ended ended = run_vae({"encode", "--out", out, "--file", file, "--seed", "4"});
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    const auto codes = load_npz(file);
    const vae::SavedRun trained = vae::load_run(out, "best");
    const int64_t n = vae::load_images(trained.settings.images).test.dim(0);
    CHECK(n > vae::images_of_elbo);
    CHECK(codes.at("z").shape() == Shape{n, trained.settings.model.latent});
    CHECK(codes.at("kl").shape() == Shape{n});
    const nlohmann::json scored = evaluation(out);
    CHECK(mean(astype(codes.at("negative_elbo"), DType::float64)).item() ==
          Approx(scored["negative_elbo"]["mean"].get<double>()).epsilon(1e-6));
    // Each code belongs to its image.
    const NoGrad guard;
    const DType dtype = trained.settings.model.dtype;
    const Tensor x = astype(vae::load_images(trained.settings.images).test, dtype);
    const Tensor written = codes.at("negative_elbo") - codes.at("kl");
    const auto off = [&](const Tensor& z) {
      return max(abs(-Bernoulli{trained.model.decoder(astype(z, dtype))}.log_prob(x) - astype(written, dtype))).item();
    };
    CHECK(off(codes.at("z")) < 0.1 * off(flip(codes.at("z"), 0)));
    const std::string drawn = folder / flow + "-samples.npz";
    REQUIRE(run_vae({"sample", "--out", out, "--n", "3", "--columns", "3", "--npz", drawn}).code == 0);
    const auto samples = load_npz(drawn);
    CHECK(samples.at("images").shape() == Shape{3, trained.settings.model.height, trained.settings.model.width});
    CHECK(reshape(Bernoulli{trained.model.decoder(astype(samples.at("z"), trained.settings.model.dtype))}.mean(),
                  samples.at("images").shape())
              .values() == samples.at("images").values());
  }
  CHECK(run_vae({"encode", "--out", folder / "planar", "--file", "codes.csv"}).code == 2);
  CHECK(run_vae({"encode", "--out", folder / "planar", "--file", folder / "no/codes.npz"}).code == 1);
}

TEST_CASE("commands of dimwise-vae refuse what is not there") {
  const TemporaryFolder folder;
  for (const std::string command : {"eval", "sample", "reconstruct"}) {
    const Ended ended = run_vae({command, "--out", folder / "none"});
    CHECK(ended.code == 5);
    CHECK_THAT(ended.err, Contains("there is no trained autoencoder in \"" + folder / "none" + "\"") &&
                              Contains("dimwise-vae train"));
  }
  const Ended empty = run_vae({"table"});
  CHECK(empty.code == 2);
  const Ended unscored = run_vae({"table", "--runs", folder / "none"});
  CHECK(unscored.code == 3);
  CHECK_THAT(unscored.err, Contains("Score the run first: dimwise-vae eval --out " + folder / "none"));
}

TEST_CASE("damaged scores of a run are an error of the table, in its own words") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(run_vae(small_vae("hollow", out, 2)).code == 0);
  REQUIRE(run_vae(Strings{"eval", "--out", out} + few).code == 0);
  const auto whole = evaluation(out);
  const Strings words{"table", "--runs", out, "--out", folder / "table"};
  REQUIRE(run_vae(words).code == 0);
  const auto refused = [&](const nlohmann::json& eval) {
    write_text(out + "/eval.json", eval.dump());
    const Ended ended = run_vae(words);
    INFO(ended.err);
    CHECK(ended.code == 3);
    CHECK_THAT(ended.err, Contains("was not written by dimwise-vae eval") && !Contains("json.exception"));
  };
  for (const char* key : {"negative_elbo", "nll", "epoch", "settings"}) {
    auto eval = whole;
    eval.erase(key);
    refused(eval);
    eval[key] = "text";
    refused(eval);
  }
  auto eval = whole;
  eval["negative_elbo"]["mean"] = nullptr;
  refused(eval);
  write_text(out + "/eval.json", whole.dump());
  write_text(out + "/seconds.jsonl", "{\"epoch\": 1, \"seconds\": \"long\", \"threads\": 1}\n");
  CHECK(run_vae(words).code == 3);
}

TEST_CASE("images that changed after the training are refused by every command") {
  const TemporaryFolder folder;
  const std::string file = folder / "images.npy", out = folder / "run";
  save_npy(file, Rng(1).uniform({60, 4, 4}));
  const auto train = [&](const std::string& epochs) {
    return Strings{"train",    "--data", file,           "--out", out,        "--hidden", "8",
                   "--latent", "2",      "--batch-size", "10",    "--epochs", epochs};
  };
  REQUIRE(run_vae(train("2")).code == 0);
  CHECK(run_vae({"encode", "--out", out, "--file", folder / "z.npz"}).code == 0);
  save_npy(file, Rng(2).uniform({60, 4, 4}));
  for (const Strings& words :
       {Strings{"eval"}, Strings{"encode", "--file", folder / "z.npz"}, Strings{"reconstruct"}}) {
    const Ended ended = run_vae(words + Strings{"--out", out});
    INFO(words[0]);
    CHECK(ended.code == 3);
    CHECK_THAT(ended.err, Contains("was changed after"));
  }
  CHECK(run_vae(train("4") + Strings{"--resume"}).code == 5);
}

}  // namespace dimwise::vae_outputs_tests
