// dimwise-vae train: its refusals, and that a run is the same however often it stops.
#include <filesystem>
#include <sstream>

#include "tests/apps/vae/vae_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::vae_train_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

std::vector<nlohmann::json> metric_lines(const std::string& out) {
  std::vector<nlohmann::json> all;
  std::istringstream text(metrics(out));
  for (std::string line; std::getline(text, line);) all.push_back(nlohmann::json::parse(line));
  return all;
}

std::vector<double> metric_values(const std::string& out, const std::string& name) {
  std::vector<double> all;
  for (const nlohmann::json& line : metric_lines(out))
    if (line.contains(name)) all.push_back(line[name]);
  return all;
}

}  // namespace

TEST_CASE("usage errors of dimwise-vae train end with 2, tell the remedy and write nothing") {
  const TemporaryFolder folder;
  write_text(folder / "unknown.toml", "lr = 0.5\nlatnt = 8\n");
  struct Case {
    Strings words;
    std::string text;
  };
  const Case cases[]{
      {{"--flow", "planer"}, "Did you mean planar?"},
      {{"--latnt", "8"}, "Did you mean --latent?"},
      {{"--config", folder / "unknown.toml"}, "unknown.toml:2] unknown key \"latnt\". Did you mean latent?"},
      {{"--arch", "vgg"}, "[--arch] must be one of mlp|conv"},
      {{"--epochs", "0"}, "[--epochs] must be a whole number of at least 1"},
      {{"--num-flows", "-1"}, "[--num-flows] must be a whole number of at least 0"},
      {{"--trace", "guess"}, "[--trace] must be one of auto|exact|brute-force|hutchinson"},
      {{"--train-images", "100000"}, "strokes has 4000 training images, fewer than 100000"},
      {{"--end-time", "0"}, "[--end-time] must be a number above 0"},
  };
  for (const Case& c : cases) {
    const Ended ended = run_vae(Strings{"train", "--out", folder / "run"} + c.words);
    INFO(c.text);
    CHECK(ended.code == 2);
    CHECK(ended.out == "");
    CHECK_THAT(ended.err, StartsWith("dimwise-vae: error: [") && Contains(c.text));
    CHECK_FALSE(std::filesystem::exists(folder / "run"));
  }
}

TEST_CASE("every posterior is trained, its loss falls, and equal seeds give equal runs, quiet or verbose") {
  const TemporaryFolder folder;
  for (const std::string flow :
       {"none", "planar", "iaf", "orthogonal", "householder", "triangular", "ffjord", "hollow"}) {
    INFO(flow);
    const std::string a = folder / (flow + "-a"), b = folder / (flow + "-b");
    const Ended loud = run_vae(small_vae(flow, a, 4) + Strings{"--verbose", "--lr", "0.01"});
    INFO(loud.err);
    REQUIRE(loud.code == 0);
    CHECK_THAT(loud.out, StartsWith("validation -ELBO"));
    const Ended quiet = run_vae(small_vae(flow, b, 4) + Strings{"--quiet", "--lr", "0.01"});
    CHECK(quiet.err == "");
    REQUIRE(checkpoint(a, 24).size() > 1000);
    CHECK((checkpoint(a, 24) == checkpoint(b, 24)));
    CHECK((metrics(a) == metrics(b)));
    const std::vector<double> validation = metric_values(a, "validation_negative_elbo"),
                              evaluations = metric_values(a, "evaluations"), beta = metric_values(a, "beta");
    REQUIRE(validation.size() == 4);
    CHECK(validation.back() < validation.front() - 10);
    CHECK((evaluations.back() > 0) == (flow == "ffjord" || flow == "hollow"));
    CHECK(beta.front() == 0.5);
    CHECK(beta.back() == 1);
    CHECK(std::filesystem::exists(a + "/figs/training.svg"));
    CHECK(std::filesystem::exists(a + "/seconds.jsonl"));
  }
}

TEST_CASE("config.toml repeats an autoencoder bit for bit") {
  const TemporaryFolder folder;
  REQUIRE(run_vae(small_vae("hollow", folder / "first", 2) +
                  Strings{"--seed", "3", "--trace", "hutchinson", "--clip", "50", "--dtype", "float64"})
              .code == 0);
  REQUIRE(run_vae({"train", "--config", folder / "first/config.toml", "--out", folder / "second"}).code == 0);
  REQUIRE(checkpoint(folder / "first", 12).size() > 1000);
  CHECK((checkpoint(folder / "first", 12) == checkpoint(folder / "second", 12)));
  CHECK((metrics(folder / "first") == metrics(folder / "second")));
}

TEST_CASE("a finished training goes on with more epochs as if it had been given them at once") {
  const TemporaryFolder folder;
  REQUIRE(run_vae(small_vae("planar", folder / "both", 2)).code == 0);
  REQUIRE(run_vae(small_vae("planar", folder / "both", 4) + Strings{"--resume"}).code == 0);
  REQUIRE(run_vae(small_vae("planar", folder / "whole", 4)).code == 0);
  CHECK((checkpoint(folder / "both", 24) == checkpoint(folder / "whole", 24)));
  CHECK((metrics(folder / "both") == metrics(folder / "whole")));
}

TEST_CASE("a run is not resumed with other flags") {
  const TemporaryFolder folder;
  REQUIRE(run_vae(small_vae("planar", folder / "run", 1)).code == 0);
  const Ended other = run_vae(small_vae("iaf", folder / "run", 1) + Strings{"--resume"});
  CHECK(other.code == 5);
  CHECK_THAT(other.err, Contains("--flow is \"planar\", not \"iaf\""));
}

TEST_CASE("without patience left a training ends, keeps its best weights, and a resumed one ends too") {
  const TemporaryFolder folder;
  const Strings words = small_vae("none", folder / "run", 400) + Strings{"--patience", "3", "--lr", "0.05"};
  const Ended ended = run_vae(words + Strings{"--json"});
  REQUIRE(ended.code == 0);
  const auto result = nlohmann::json::parse(ended.out);
  const int64_t epoch = result["epoch"], best = result["best_epoch"];
  CHECK(epoch < 400);
  CHECK(epoch == best + 3);
  const std::vector<double> validation = metric_values(folder / "run", "validation_negative_elbo");
  REQUIRE(validation.size() == static_cast<size_t>(epoch));
  CHECK(result["validation_negative_elbo"] == *std::min_element(validation.begin(), validation.end()));
  const auto again = nlohmann::json::parse(run_vae(words + Strings{"--json", "--resume"}).out);
  CHECK(again["epoch"] == epoch);
  CHECK(again["best_epoch"] == best);
}

TEST_CASE("an autoencoder that diverges ends with 4 and keeps the last good checkpoint") {
  const TemporaryFolder folder;
  const Ended ended =
      run_vae(small_vae("planar", folder / "run", 50) + Strings{"--lr", "1e30", "--checkpoint-every", "1"});
  CHECK(ended.code == 4);
  CHECK_THAT(ended.err, StartsWith("data strokes") && Contains("dimwise-vae: error: [train] step") &&
                            Contains("The last good checkpoint is " + folder / "run/ckpt-") &&
                            Contains("a smaller --lr"));
  CHECK(run_vae({"sample", "--out", folder / "run", "--weights", "last"}).code == 0);
}

TEST_CASE("gated convolutions train on 28 x 28 images and refuse others") {
  const TemporaryFolder folder;
  const Strings conv{"--arch",       "conv", "--flow",   "hollow", "--train-images", "20", "--validation-images", "10",
                     "--batch-size", "10",   "--epochs", "1",      "--threads",      "2"};
  const Ended ended = run_vae(Strings{"train", "--out", folder / "run"} + conv);
  INFO(ended.err);
  CHECK(ended.code == 0);
  std::string idx("\0\0\x08\x03\0\0\0\x28\0\0\0\x04\0\0\0\x04", 16);
  for (int i = 0; i < 40 * 16; ++i) idx += static_cast<char>(i % 3 == 0 ? 255 : 0);
  write_text(folder / "small.idx", idx);
  const Ended small = run_vae({"train", "--out", folder / "small", "--arch", "conv", "--data", folder / "small.idx"});
  CHECK(small.code == 2);
  CHECK_THAT(small.err, Contains("conv takes images of 28 x 28 pixels, but these have 4 x 4. Use --arch mlp."));
  CHECK_FALSE(std::filesystem::exists(folder / "small"));
  CHECK(run_vae({"train", "--out", folder / "small", "--data", folder / "small.idx", "--epochs", "1"}).code == 0);
}

}  // namespace dimwise::vae_train_tests
