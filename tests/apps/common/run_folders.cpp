#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <set>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/run/run_folder.hpp"
#include "autodiff/base/error.hpp"
#include "autodiff/node.hpp"
#include "nn/io/safetensors.hpp"
#include "tests/apps/common/temporary_folder.hpp"
#include "tests/catch.hpp"

namespace dimwise::run_folders_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

std::map<std::string, Tensor> weights(double value) { return {{"w", full({3}, value)}}; }

std::set<std::string> checkpoints(const std::string& path) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (name.find("ckpt-") == 0 || name[0] == '.') names.insert(name);
  }
  return names;
}

}  // namespace

TEST_CASE("a run folder has its files") {
  const TemporaryFolder folder;
  RunFolder run(folder / "a/b", "seed = 1\n");
  run.metrics(10, {{"loss", 0.1}, {"bits", NAN}});
  run.log("hello");
  run.save(10, weights(1), {{"rng", "7"}});
  CHECK(read_text(folder / "a/b/config.toml") == "seed = 1\n");
  CHECK(read_text(folder / "a/b/metrics.jsonl") == "{\"step\":10,\"loss\":0.1,\"bits\":null}\n");
  CHECK_THAT(read_text(folder / "a/b/log.txt"), Contains(" hello\n"));
  CHECK(read_text(folder / "a/b/latest") == "ckpt-10.safetensors\n");
  CHECK(std::filesystem::is_directory(folder / "a/b/figs"));
  CHECK(run.figure("loss.png") == (folder / "a/b/figs/loss.png"));
  const Checkpoint found = find_checkpoint("auto", folder / "a/b").value();
  CHECK(found.step == 10);
  CHECK(found.metadata.at("rng") == "7");
  CHECK(found.tensors.at("w").values() == std::vector<double>{1, 1, 1});
}

TEST_CASE("the last two checkpoints are kept") {
  const TemporaryFolder folder;
  RunFolder run(folder / "run", "");
  write_text(folder / "run/.tmp-left", "torn");
  for (const int64_t step : {5, 10, 100, 100}) run.save(step, weights(1), {});
  CHECK(checkpoints(folder / "run") == std::set<std::string>{"ckpt-10.safetensors", "ckpt-100.safetensors"});
  RunFolder resumed(folder / "run", "", find_checkpoint("auto", folder / "run"));
  resumed.save(101, weights(1), {});
  CHECK(checkpoints(folder / "run") == std::set<std::string>{"ckpt-100.safetensors", "ckpt-101.safetensors"});
}

TEST_CASE("a new run in an old folder keeps the old checkpoints until its own first") {
  const TemporaryFolder folder;
  RunFolder(folder / "run", "").save(500, weights(1), {});
  RunFolder again(folder / "run", "");
  CHECK(find_checkpoint("auto", folder / "run")->step == 500);
  again.save(20, weights(2), {});
  CHECK(find_checkpoint("auto", folder / "run")->step == 20);
  CHECK(checkpoints(folder / "run") == std::set<std::string>{"ckpt-20.safetensors"});
}

TEST_CASE("resuming cuts the metrics back to the checkpoint") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  {
    RunFolder run(out, "");
    for (int64_t step = 1; step <= 5; ++step) run.metrics(step, {{"loss", 0.25}});
    run.save(3, weights(1), {});
  }
  std::ofstream(out + "/metrics.jsonl", std::ios::app) << "{\"step\":2,\"lo";
  RunFolder resumed(out, "", find_checkpoint("auto", out));
  resumed.metrics(4, {{"loss", 0.5}});
  CHECK(read_text(out + "/metrics.jsonl") ==
        "{\"step\":1,\"loss\":0.25}\n{\"step\":2,\"loss\":0.25}\n{\"step\":3,\"loss\":0.25}\n{\"step\":4,\"loss\":0.5}"
        "\n");
  RunFolder anew(out, "");
  CHECK(read_text(out + "/metrics.jsonl").empty());
}

TEST_CASE("the newest checkpoint is the one that latest names") {
  const TemporaryFolder folder;
  RunFolder run(folder / "run", "");
  run.save(9, weights(1), {});
  run.save(10, weights(2), {});
  write_text(folder / "run/latest", "ckpt-9.safetensors\n");
  CHECK(find_checkpoint("auto", folder / "run")->step == 9);
  std::filesystem::remove(folder / "run/latest");
  CHECK(find_checkpoint("auto", folder / "run")->step == 10);
}

TEST_CASE("a damaged newest checkpoint gives way to the one before") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  RunFolder run(out, "");
  run.save(9, weights(1), {});
  run.save(10, weights(2), {});
  std::filesystem::resize_file(out + "/ckpt-10.safetensors", 20);
  const auto found = find_checkpoint("auto", out);
  CHECK(found->step == 9);
  REQUIRE(found->skipped.size() == 1);
  CHECK_THAT(found->skipped[0], Contains("ckpt-10.safetensors"));
  std::filesystem::resize_file(out + "/ckpt-9.safetensors", 0);
  CHECK_THROWS_AS(find_checkpoint("auto", out), CheckpointError);
  CHECK_THROWS_WITH(find_checkpoint("auto", out), Contains("Start a new run without --resume"));
}

TEST_CASE("a checkpoint is found by name, by folder, or not at all") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  RunFolder run(out, "");
  CHECK_FALSE(find_checkpoint("", out));
  CHECK_FALSE(find_checkpoint("auto", out));
  CHECK_FALSE(find_checkpoint("auto", folder / "nothing"));
  CHECK_THROWS_AS(find_checkpoint(out, out), CheckpointError);
  CHECK_THROWS_WITH(find_checkpoint(folder / "nothing", out), Contains("--resume auto"));
  const std::string saved = run.save(4, weights(1), {});
  CHECK(find_checkpoint(saved, "")->step == 4);
  CHECK(find_checkpoint(out, "")->step == 4);
  write_text(folder / "text", "no checkpoint");
  CHECK_THROWS_AS(find_checkpoint(folder / "text", out), CheckpointError);
  save_safetensors(folder / "plain.safetensors", weights(1));
  CHECK_THROWS_WITH(find_checkpoint(folder / "plain.safetensors", out), Contains("no step"));
}

TEST_CASE("a folder that cannot be written is an error before any work") {
  const TemporaryFolder folder;
  write_text(folder / "file", "");
  CHECK_THROWS_WITH(RunFolder(folder / "file/run", ""), Contains("Choose another --out"));
  CHECK_THROWS_WITH(RunFolder("/proc/dimwise", ""), Contains("Choose another --out"));
  CHECK_THROWS_AS(RunFolder("", ""), UsageError);
  std::filesystem::create_directories(folder / "run/config.toml");
  CHECK_THROWS_AS(RunFolder(folder / "run", ""), Error);
}

TEST_CASE("a full disk leaves the earlier checkpoint whole") {
  const TemporaryFolder folder;
  RunFolder run(folder / "run", "");
  run.save(1, weights(1), {});
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{1000, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  CHECK_THROWS_AS(run.save(2, {{"w", zeros({5000})}}, {}), CheckpointError);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(find_checkpoint("auto", folder / "run")->step == 1);
  CHECK(checkpoints(folder / "run") == std::set<std::string>{"ckpt-1.safetensors"});
}

}  // namespace dimwise::run_folders_tests
