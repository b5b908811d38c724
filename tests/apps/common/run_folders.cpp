#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <random>
#include <set>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/run/run_folder.hpp"
#include "apps/common/run/training_run.hpp"
#include "autodiff/base/error.hpp"
#include "autodiff/node.hpp"
#include "nn/io/safetensors.hpp"
#include "tests/apps/common/temporary_folder.hpp"
#include "tests/catch.hpp"

namespace dimwise::run_folders_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

const Command command("dimwise-test", "train", "");

std::map<std::string, Tensor> weights(double value) { return {{"w", full({3}, value)}}; }

std::set<std::string> checkpoints(const std::string& path) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("ckpt-") || name.starts_with(".tmp")) names.insert(name);
  }
  return names;
}

}  // namespace

TEST_CASE("a run folder has its files") {
  const TemporaryFolder folder;
  RunFolder run(folder / "a/b", command);
  run.metrics(10, {{"loss", 0.1}, {"bits", NAN}});
  run.log("hello");
  run.save(10, weights(1), {{"rng", "7"}});
  CHECK(read_text(folder / "a/b/config.toml") == command.effective_config());
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
  {
    RunFolder run(folder / "run", command);
    write_text(folder / "run/.tmp-left", "torn");
    for (const int64_t step : {5, 10, 100, 100}) run.save(step, weights(1), {});
  }
  CHECK(checkpoints(folder / "run") == std::set<std::string>{"ckpt-10.safetensors", "ckpt-100.safetensors"});
  RunFolder resumed(folder / "run", command, {.resumed = find_checkpoint("auto", folder / "run")});
  resumed.save(101, weights(1), {});
  CHECK(checkpoints(folder / "run") == std::set<std::string>{"ckpt-100.safetensors", "ckpt-101.safetensors"});
}

TEST_CASE("a folder that holds another run is refused, and nothing in it changes") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  const Command other("dimwise-other", "solve", "");
  Command training("dimwise-test", "train", "");
  CommonFlags flags;
  add_run(training, flags);
  {
    RunFolder run(out, training);
    run.metrics(500, {{"loss", 1}});
    run.save(500, weights(1), {});
  }
  const std::string config = read_text(out + "/config.toml"), metrics = read_text(out + "/metrics.jsonl");
  CHECK_THROWS_AS(RunFolder(out, training), UsageError);
  CHECK_THROWS_WITH(RunFolder(out, training), Contains(out) && Contains("a run of dimwise-test train") &&
                                                  Contains("--resume auto") && Contains("--overwrite") &&
                                                  Contains("another --out"));
  CHECK_THROWS_WITH(RunFolder(out, other), Contains("Give another --out.") && !Contains("--resume"));
  // Nor by a run that goes on from elsewhere.
  Checkpoint elsewhere = find_checkpoint("auto", out).value();
  elsewhere.path = folder / "other/ckpt-500.safetensors";
  CHECK_THROWS_AS(RunFolder(out, training, {.resumed = elsewhere}), UsageError);
  CHECK(read_text(out + "/config.toml") == config);
  CHECK(read_text(out + "/metrics.jsonl") == metrics);
  CHECK(find_checkpoint("auto", out)->step == 500);
  // It is deleted on request, even if the new run saves nothing.
  { RunFolder anew(out, training, {.overwrite = true}); }
  CHECK_FALSE(find_checkpoint("auto", out));
  CHECK(read_text(out + "/metrics.jsonl").empty());
  // Results without checkpoints are replaced by the same command alone.
  CHECK_NOTHROW(RunFolder(out, training));
  CHECK_THROWS_AS(RunFolder(out, other), UsageError);
}

TEST_CASE("one process at a time writes a run folder") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  CHECK(RunLock::of_existing(out) == nullptr);
  pid_t sleeper = 0;
  {
    const RunFolder run(out, command);
    CHECK_THROWS_AS(RunFolder(out, command), UsageError);
    CHECK_THROWS_WITH(RunLock::of_existing(out),
                      Contains(out) && Contains("process " + std::to_string(getpid())) && Contains("another --out"));
    CommonFlags flags;
    flags.out = out;
    CHECK_THROWS_AS(TrainingRun(flags, ""), UsageError);
    // A child of the holder does not keep the lock.
    const char* const arguments[] = {"sleep", "100", nullptr};
    REQUIRE(posix_spawnp(&sleeper, "sleep", nullptr, nullptr, const_cast<char* const*>(arguments), environ) == 0);
  }
  CHECK_NOTHROW(RunFolder(out, command));
  kill(sleeper, SIGKILL);
  waitpid(sleeper, nullptr, 0);
}

TEST_CASE("resuming cuts the metrics back to the checkpoint") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  {
    RunFolder run(out, command);
    for (int64_t step = 1; step <= 5; ++step) run.metrics(step, {{"loss", 0.25}});
    run.save(3, weights(1), {});
  }
  std::ofstream(out + "/metrics.jsonl", std::ios::app) << "{\"step\":2,\"lo";
  RunFolder resumed(out, command, {.resumed = find_checkpoint("auto", out)});
  resumed.metrics(4, {{"loss", 0.5}});
  CHECK(read_text(out + "/metrics.jsonl") ==
        "{\"step\":1,\"loss\":0.25}\n{\"step\":2,\"loss\":0.25}\n{\"step\":3,\"loss\":0.25}\n{\"step\":4,\"loss\":0.5}"
        "\n");
}

TEST_CASE("any flipped bit of a checkpoint is found, and the one before is used") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  RunFolder run(out, command);
  run.save(9, weights(1), {{"settings", R"({"lr":0.1})"}});
  const std::string newest = run.save(10, weights(2), {{"settings", R"({"lr":0.1})"}});
  const Bytes whole = read_file(newest);
  std::mt19937 random(3);
  const auto flips = [&](size_t byte, int bit) {
    Bytes changed = whole;
    changed[byte] ^= std::byte{1} << bit;
    write_atomically(newest, changed);
    const auto found = find_checkpoint("auto", out);
    return found->step == 9 && found->skipped.size() == 1;
  };
  for (int i = 0; i < 200; ++i) {
    const size_t byte = random() % whole.size();
    const int bit = static_cast<int>(random() % 8);
    INFO(byte << ' ' << bit);
    CHECK(flips(byte, bit));
  }
  write_atomically(newest, whole);
  CHECK(find_checkpoint("auto", out)->step == 10);
  CHECK_THROWS_WITH(
      [&] {
        Bytes changed = whole;
        changed.back() ^= std::byte{1};
        write_atomically(newest, changed);
        return load_checkpoint(newest);
      }(),
      Contains("differs from its checksum"));
}

TEST_CASE("the newest checkpoint is the one that latest names") {
  const TemporaryFolder folder;
  RunFolder run(folder / "run", command);
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
  RunFolder run(out, command);
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
  RunFolder run(out, command);
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
  CHECK_THROWS_WITH(find_checkpoint(folder / "plain.safetensors", out), Contains("no checksum"));
  save_checkpoint(folder / "plain.safetensors", weights(1), {});
  CHECK_THROWS_WITH(find_checkpoint(folder / "plain.safetensors", out), Contains("no step"));
}

TEST_CASE("a folder that cannot be written is an error before any work") {
  const TemporaryFolder folder;
  write_text(folder / "file", "");
  CHECK_THROWS_WITH(RunFolder(folder / "file/run", command), Contains("Choose another --out"));
  CHECK_THROWS_WITH(RunFolder("/proc/dimwise", command), Contains("Choose another --out"));
  CHECK_THROWS_AS(RunFolder("", command), UsageError);
  std::filesystem::create_directories(folder / "run/config.toml");
  CHECK_THROWS_AS(RunFolder(folder / "run", command), Error);
}

TEST_CASE("a full disk leaves the earlier checkpoint whole") {
  const TemporaryFolder folder;
  RunFolder run(folder / "run", command);
  run.save(1, weights(1), {});
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{1000, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  try {
    run.save(2, {{"w", zeros({5000})}}, {});
    FAIL("it fits");
  } catch (const Error& error) {
    CHECK(exit_code(error) == 1);
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(find_checkpoint("auto", folder / "run")->step == 1);
  CHECK(checkpoints(folder / "run") == std::set<std::string>{"ckpt-1.safetensors"});
}

}  // namespace dimwise::run_folders_tests
