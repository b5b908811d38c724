#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/common/run/checkpoint.hpp"
#include "tests/apps/cnf/cnf_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::cnf_checkpoints_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

const Strings often{"--checkpoint-every", "3", "--eval-every", "6", "--log-every", "2"};

// A finished run of 12 steps, and what resuming it with some flags more gives.
struct Run {
  TemporaryFolder folder;
  std::string data = rows_file(folder), out = folder / "run";
  Run() { REQUIRE(run_cnf(training(data, out, 12) + often).code == 0); }
  Ended resume(const Strings& more = {}, const Surroundings& around = {}) const {
    return run_cnf(training(data, out, 12) + often + more + Strings{"--resume"}, around);
  }
};

}  // namespace

TEST_CASE("a damaged newest checkpoint is passed over with a warning") {
  const Run run;
  const std::string whole = checkpoint(run.out, 12), lines = metrics(run.out);
  write_text(run.out + "/ckpt-12.safetensors", whole.substr(0, whole.size() / 2));
  const Ended scored = run_cnf({"eval", "--out", run.out});
  CHECK(scored.code == 0);
  CHECK_THAT(scored.err, Contains("warning: skipped") && Contains("ckpt-12.safetensors"));
  CHECK_THAT(scored.out, Contains("ckpt-9.safetensors"));
  const Ended resumed = run.resume();
  CHECK(resumed.code == 0);
  CHECK_THAT(resumed.err, Contains("warning: skipped") && Contains("ckpt-12.safetensors") &&
                              Contains("resumed from " + run.out + "/ckpt-9.safetensors"));
  CHECK((checkpoint(run.out, 12) == whole));
  CHECK((metrics(run.out) == lines));
}

TEST_CASE("when no checkpoint can be used the run ends with 5 and touches nothing") {
  const Run run;
  const std::string lines = metrics(run.out), config = read_text(run.out + "/config.toml");
  for (const int step : {9, 12}) write_text(run.out + "/" + "ckpt-" + std::to_string(step) + ".safetensors", "torn");
  const Ended resumed = run.resume({"--lr", "0.5"});
  CHECK(resumed.code == 5);
  CHECK(resumed.out == "");
  CHECK_THAT(resumed.err, Contains("no checkpoint in " + run.out + " can be read. Start a new run without --resume.") &&
                              Contains("ckpt-9") && Contains("ckpt-12"));
  CHECK((metrics(run.out) == lines));
  CHECK(read_text(run.out + "/config.toml") == config);
  for (const char* command : {"eval", "sample", "plot"}) CHECK(run_cnf({command, "--out", run.out}).code == 5);
}

TEST_CASE("resuming with another model ends with 5, names the flags, and touches nothing") {
  const Run run;
  const std::string lines = metrics(run.out), config = read_text(run.out + "/config.toml");
  const Ended resumed =
      run_cnf({"train", "--config", run.out + "/config.toml", "--hidden", "16", "--d-h", "3", "--resume"});
  CHECK(resumed.code == 5);
  CHECK_THAT(resumed.err,
             Contains("ckpt-12.safetensors is of another run: --hidden is [8], not [16]; --d-h is 4, not 3") &&
                 Contains("another --out to start a new run"));
  CHECK((metrics(run.out) == lines));
  CHECK(read_text(run.out + "/config.toml") == config);
  CHECK(run_cnf({"train", "--config", run.out + "/config.toml", "--dtype", "float64", "--resume"}).code == 5);
}

TEST_CASE("a run that is not there ends with 5") {
  const TemporaryFolder folder;
  for (const char* command : {"eval", "sample", "plot"}) {
    const Ended ended = run_cnf({command, "--out", folder / "nowhere"});
    CHECK(ended.code == 5);
    CHECK(ended.out == "");
    CHECK_THAT(ended.err,
               Contains("there is no trained flow in \"" + folder / "nowhere" + "\"") && Contains("dimwise-cnf train"));
  }
  write_text(folder / "text", "not a checkpoint, but long enough for a header");
  CHECK(run_cnf({"eval", "--out", folder / "text"}).code == 5);
  CHECK(run_cnf({"eval", "--out", ""}).code == 5);
  const Ended resumed = run_cnf(training("moons", folder / "run", 2) + Strings{"--resume", folder / "nowhere"});
  CHECK(resumed.code == 5);
  CHECK_THAT(resumed.err, Contains("--resume auto"));
}

TEST_CASE("a checkpoint that does not fit on the disk leaves the old one, and the run can go on") {
  const Run run;
  const std::string before = checkpoint(run.out, 12), roomy = run.folder / "roomy";
  std::filesystem::copy(run.out, roomy, std::filesystem::copy_options::recursive);
  REQUIRE(run_cnf(training(run.data, roomy, 24) + often + Strings{"--resume"}).code == 0);
  const Strings words = training(run.data, run.out, 24) + often + Strings{"--resume"};
  const Ended full = run_cnf(words, {.largest_file = 8192});
  CHECK(full.code == 1);
  CHECK_THAT(full.err, Contains("cannot save " + run.out + "/ckpt-15.safetensors"));
  CHECK((checkpoint(run.out, 12) == before));
  CHECK(read_text(run.out + "/latest") == "ckpt-12.safetensors\n");
  CHECK(run_cnf({"eval", "--out", run.out}).code == 0);
  CHECK(run_cnf(words).code == 0);
  CHECK((checkpoint(run.out, 24) == checkpoint(roomy, 24)));
  CHECK((metrics(run.out) == metrics(roomy)));
}

TEST_CASE("a diverged run ends with 4 and keeps its last good checkpoint") {
  const Run run;
  const std::string config = run.folder / "config.toml", file = run.out + "/ckpt-12.safetensors";
  std::filesystem::copy(run.out + "/config.toml", config);
  const Checkpoint whole = load_checkpoint(file);
  struct Case {
    Strings flags;
    std::string text;
  };
  const Case cases[]{
      {{"--lr", "1e30"}, "[odeint] rk4 stopped (non_finite)"},
      {{"--lr", "1e30", "--method", "dopri5", "--solver-steps", "0"}, "[odeint] dopri5 stopped"},
      {{"--lr", "1e30", "--debug-nans"}, "in the forward pass"},
      {{"--lr", "1e39", "--checkpoint-every", "1"}, "a weight is"},
      {{"--lr", "5e18"}, "the loss is inf and the gradient's norm "},
  };
  for (const Case& c : cases) {
    // A checkpoint of step 12 and 40 steps in all: the learning rate is high again.
    Strings words{"train", "--config", config, "--steps", "40", "--clip", "1e12", "--resume"};
    if (c.flags.end() == std::find(c.flags.begin(), c.flags.end(), "--checkpoint-every"))
      words = words + Strings{"--checkpoint-every", "100"};
    // As if the run had had these flags from its start.
    auto metadata = whole.metadata;
    auto settings = nlohmann::ordered_json::parse(metadata["settings"]);
    settings["clip"] = 1e12;
    for (size_t i = 0; i + 1 < c.flags.size(); ++i)
      if (const std::string name = c.flags[i].substr(2); settings.contains(name)) {
        const auto value = nlohmann::ordered_json::parse(c.flags[i + 1], nullptr, false);
        settings[name] = value.is_discarded() ? nlohmann::ordered_json(c.flags[i + 1]) : value;
      }
    metadata["settings"] = settings.dump();
    save_checkpoint(file, whole.tensors, metadata);
    const std::string before = checkpoint(run.out, 12);
    const Ended ended = run_cnf(words + c.flags);
    INFO(c.text << "\n" << ended.err);
    CHECK(ended.code == 4);
    CHECK(ended.out == "");
    CHECK_THAT(ended.err, Contains("dimwise-cnf: error: [train] step 1") && Contains(c.text) &&
                              Contains("The last good checkpoint is " + run.out + "/ckpt-12.safetensors.") &&
                              Contains("a smaller --lr"));
    CHECK_THAT(read_text(run.out + "/log.txt"), Contains("diverged at step 1"));
    CHECK((checkpoint(run.out, 12) == before));
    CHECK(run_cnf({"eval", "--out", run.out}).code == 0);
  }
}

}  // namespace dimwise::cnf_checkpoints_tests
