#include <chrono>
#include <functional>

#include "tests/apps/cnf/cnf_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::cnf_resume_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

TEST_CASE("the same seed gives the same checkpoint and metrics, quiet or verbose") {
  const TemporaryFolder folder;
  for (const std::string& data : {std::string("moons"), rows_file(folder)}) {
    const Strings flags{"--overwrite", "--checkpoint-every", "5", "--eval-every", "6", "--log-every", "2"};
    REQUIRE(run_cnf(training(data, folder / "loud", 12) + flags + Strings{"--verbose"}).code == 0);
    const Ended quiet = run_cnf(training(data, folder / "quiet", 12) + flags + Strings{"--quiet"});
    REQUIRE(quiet.code == 0);
    CHECK(quiet.err == "");
    REQUIRE(checkpoint(folder / "loud", 12).size() > 1000);
    CHECK((checkpoint(folder / "loud", 12) == checkpoint(folder / "quiet", 12)));
    CHECK((checkpoint(folder / "loud", 10) == checkpoint(folder / "quiet", 10)));
    REQUIRE(metrics(folder / "loud").size() > 100);
    CHECK((metrics(folder / "loud") == metrics(folder / "quiet")));
    REQUIRE(run_cnf(training(data, folder / "other", 12) + flags + Strings{"--seed", "1"}).code == 0);
    CHECK((checkpoint(folder / "loud", 12) != checkpoint(folder / "other", 12)));
    CHECK((metrics(folder / "loud") != metrics(folder / "other")));
  }
}

TEST_CASE("config.toml repeats the run") {
  const TemporaryFolder folder;
  REQUIRE(run_cnf(training(rows_file(folder), folder / "first", 12) + Strings{"--seed", "3", "--lr", "0.003"}).code ==
          0);
  REQUIRE(run_cnf({"train", "--config", folder / "first/config.toml", "--out", folder / "second"}).code == 0);
  REQUIRE(checkpoint(folder / "first", 12).size() > 1000);
  CHECK((checkpoint(folder / "first", 12) == checkpoint(folder / "second", 12)));
  CHECK((metrics(folder / "first") == metrics(folder / "second")));
}

TEST_CASE("a signal finishes the step, saves, and says how to go on") {
  const TemporaryFolder folder;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const std::string out = folder / std::to_string(signal);
    Process process(DIMWISE_CNF, training("moons", out, 1000000));
    REQUIRE(process.prints("step 1/"));
    process.send(signal);
    const Ended ended = process.wait();
    CHECK_FALSE(ended.killed);
    CHECK(ended.code == 128 + signal);
    CHECK(ended.out == "");
    std::string latest = read_text(out + "/latest");
    latest.pop_back();
    CHECK_THAT(ended.err, Contains("dimwise-cnf: interrupted: saved " + out + "/" + latest +
                                   "; continue with the same command and --resume auto"));
    CHECK(run_cnf({"eval", "--out", out, "--data", rows_file(folder)}).code == 0);
  }
}

TEST_CASE("a run goes on under its own flags alone, and only its length, folder and output may change") {
  const TemporaryFolder folder;
  const std::string data = rows_file(folder), out = folder / "run", other = folder / "other.csv";
  std::filesystem::copy(data, other);
  const Strings words = training(data, out, 6);
  REQUIRE(run_cnf(words).code == 0);
  const std::string before = checkpoint(out, 6), lines = metrics(out);
  const std::vector<std::pair<Strings, std::string>> cases{
      {{"--seed", "5"}, "--seed is 0, not 5"},           {{"--lr", "0.5"}, "--lr is 0.01, not 0.5"},
      {{"--trace", "hutchinson"}, "--trace is"},         {{"--rtol", "0.25"}, "--rtol is 0.001, not 0.25"},
      {{"--kinetic", "0.1"}, "--kinetic is 0, not 0.1"}, {{"--validation-share", "0.3"}, "--validation-share is"}};
  for (const auto& [flags, difference] : cases) {
    const Ended ended = run_cnf(words + Strings{"--resume"} + flags);
    INFO(ended.err);
    CHECK(ended.code == 5);
    CHECK_THAT(ended.err, Contains("is of another run: " + difference) && Contains("another --out"));
  }
  const Ended moved = run_cnf(training(other, out, 6) + Strings{"--resume"});
  CHECK(moved.code == 5);
  CHECK_THAT(moved.err, Contains("--data is"));
  CHECK((checkpoint(out, 6) == before));
  CHECK((metrics(out) == lines));
  CHECK(
      run_cnf(training(data, out, 8) + Strings{"--resume", "--checkpoint-every", "2", "--log-every", "3", "--verbose"})
          .code == 0);
}

TEST_CASE("a run is not written over by another, by itself, or by two processes at once") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  Process first(DIMWISE_CNF, training("moons", out, 1000000));
  REQUIRE(first.prints("step 1/"));
  for (const Strings& more : {Strings{}, Strings{"--resume"}, Strings{"--overwrite"}}) {
    const Ended second = run_cnf(training("moons", out, 2) + more);
    INFO(second.err);
    CHECK(second.code == 2);
    CHECK_THAT(second.err, Contains("is being written by process "));
  }
  first.send(SIGTERM);
  REQUIRE(first.wait().code == 143);
  const std::string lines = metrics(out);
  for (const Strings& words : {training("moons", out, 2), Strings{"train", "--config", out + "/config.toml"}}) {
    const Ended again = run_cnf(words);
    CHECK(again.code == 2);
    CHECK_THAT(again.err,
               Contains("holds a run of dimwise-cnf train") && Contains("--resume auto") && Contains("--overwrite"));
  }
  CHECK(run_cnf(training("moons", out, 2) + Strings{"--resume", "--overwrite"}).code == 2);
  CHECK((metrics(out) == lines));
  CHECK(run_cnf(training("moons", out, 2) + Strings{"--overwrite"}).code == 0);
}

TEST_CASE("a second signal ends the run at once") {
  const TemporaryFolder folder;
  // Each step takes minutes. A first signal that arrives before the first step ends the run by itself: then again,
  // later.
  for (double pause = 0.1; pause < 10; pause *= 3) {
    Process slow(DIMWISE_CNF, {"train", "--data", "moons", "--out", folder / "slow", "--gradient", "adjoint",
                               "--method", "rk4", "--solver-steps", "1000000"});
    REQUIRE(slow.prints("model:"));
    pause_seconds(pause);
    slow.send(SIGINT);
    pause_seconds(pause);
    if (!slow.running()) continue;
    Ended ended;
    const double until_end = seconds_of([&] {
      slow.send(SIGTERM);
      ended = slow.wait();
    });
    CHECK(ended.code == 143);
    CHECK(until_end < 2);
    return;
  }
  FAIL("the first signal ends the run");
}

}  // namespace dimwise::cnf_resume_tests
