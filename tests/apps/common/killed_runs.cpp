// A training that ends at any moment, and is resumed, ends with the weights and metrics of one that did not.
#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <random>
#include <span>
#include <system_error>

#include "apps/common/run/checkpoint.hpp"
#include "tests/apps/common/trainings.hpp"
#include "tests/catch.hpp"

namespace dimwise::killed_runs_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

double seconds_of_run(const Training& kind, const std::string& out) {
  const auto begin = std::chrono::steady_clock::now();
  REQUIRE(Process(kind.executable, kind.words(out)).wait().code == 0);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

class Stopped {
 public:
  explicit Stopped(const Training& kind, unsigned seed)
      : kind_(kind), random_(seed), delay_(0, seconds_of_run(kind, whole_) / 4) {}

  // Sends signals to runs at random moments until `times` of them have ended by one; the last is left to finish.
  void stop(std::span<const int> signals, int times) {
    for (int stops = 0; stops < times;) {
      std::filesystem::remove_all(out_);
      saved_ = -1;
      for (bool finished = false; !finished;) {
        const int signal = stops < times ? signals[static_cast<size_t>(stops) % signals.size()] : 0;
        finished = resume_and_stop(signal, stops % 3 == 0);
        stops += !finished;
      }
      check_same_end();
    }
  }

 private:
  bool resume_and_stop(int signal, bool early) {
    Process process(kind_.executable, kind_.words(out_) + Strings{"--resume"});
    const bool begun = signal == 0 || (!early && process.prints(kind_.begun));
    if (signal != 0) {
      pause_seconds(delay_(random_));
      process.send(signal);
    }
    const Ended ended = process.wait();
    INFO(ended.err);
    if (ended.killed)
      REQUIRE(ended.code == 128 + signal);
    else
      REQUIRE((ended.code == 0 || ended.code == 128 + signal));
    if (ended.code == 130 && !ended.killed)
      CHECK_THAT(ended.err, Contains("continue with the same command and --resume auto"));
    if (begun && ended.code == 0 && saved_ >= 0)
      CHECK_THAT(ended.err, Contains("resumed from " + out_ + "/ckpt-" + std::to_string(saved_) + "."));
    check_whole_checkpoints();
    const auto newest = find_checkpoint("auto", out_);
    CHECK((newest || saved_ < 0));
    if (newest) {
      CHECK(newest->skipped.empty());
      CHECK(newest->step >= saved_);
      saved_ = newest->step;
    }
    return ended.code == 0;
  }

  // Also one that `latest` does not name yet.
  void check_whole_checkpoints() const {
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(out_, none))
      if (entry.path().filename().string().starts_with("ckpt-")) CHECK_NOTHROW(load_checkpoint(entry.path().string()));
  }

  void check_same_end() const {
    REQUIRE(checkpoint(whole_, kind_.steps).size() > 1000);
    CHECK((checkpoint(out_, kind_.steps) == checkpoint(whole_, kind_.steps)));
    REQUIRE(metrics(whole_).size() > 100);
    CHECK((counted(out_) == counted(whole_)));
    for (const auto& entry : std::filesystem::directory_iterator(out_))
      CHECK(entry.path().filename().string().substr(0, 4) != ".tmp");
  }

  const Training& kind_;
  TemporaryFolder folder_;
  const std::string whole_ = folder_ / "whole", out_ = folder_ / "stopped";
  std::mt19937 random_;
  std::uniform_real_distribution<double> delay_;
  int64_t saved_ = -1;  // the step of the newest checkpoint; −1 if there is none
};

}  // namespace

TEST_CASE("a training killed or interrupted at random moments and resumed ends as if it had not been") {
  const TemporaryFolder folder;
  for (const Training& kind : trainings(folder)) {
    INFO(kind.app << ' ' << kind.name);
    Stopped(kind, 17).stop(std::array{SIGKILL, SIGINT, SIGHUP, SIGTERM}, 4);
  }
}

TEST_CASE("each app survives 100 kills", "[long]") {
  const TemporaryFolder folder;
  const std::vector<Training> all = trainings(folder);
  std::map<std::string, int> kinds;
  for (const Training& kind : all) ++kinds[kind.app];
  for (const Training& kind : all) {
    INFO(kind.app << ' ' << kind.name);
    const int kills = (100 + kinds[kind.app] - 1) / kinds[kind.app];
    Stopped(kind, 29).stop(std::array{SIGKILL}, kills);
  }
}

}  // namespace dimwise::killed_runs_tests
