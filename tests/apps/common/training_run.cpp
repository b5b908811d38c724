#include "apps/common/run/training_run.hpp"

#include <cmath>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "apps/common/cli/exit_code.hpp"
#include "nn/io/safetensors.hpp"
#include "tests/apps/common/temporary_folder.hpp"
#include "tests/catch.hpp"

namespace dimwise::training_run_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

CommonFlags flags(const std::string& out, int64_t steps) {
  CommonFlags f;
  f.steps = steps;
  f.out = out;
  f.resume = "auto";
  f.eval_every = 4;
  f.quiet = true;
  return f;
}

const Command command("dimwise-test", "train", "");

// The settings that the numbers of a run depend on.
struct Saved {
  std::vector<int64_t> hidden{8};
  int64_t height = 28, blocks = 0;
};
Command saved(Saved& s, const std::string& app = "dimwise-test") {
  Command c(app, "train", "");
  c.add("hidden", s.hidden, "");
  c.add("image height", s.height, "");
  if (s.blocks > 0) c.add("blocks", s.blocks, "");
  return c;
}

// A training whose only weight counts its steps; its best value is infinite, as before any evaluation.
struct Counting {
  explicit Counting(const CommonFlags& flags) : run(flags, "Take care.") {
    if (run.resumed()) weight = run.resumed()->tensors.at("model.w").item();
    Saved s;
    run.begin(command, saved(s));
  }
  TrainingRun::Body body() {
    return {.step =
                [this] {
                  weight += each;
                  return Tick{.loss = weight};
                },
            .tensors =
                [this] {
                  return std::map<std::string, Tensor>{{"model.w", scalar(weight, DType::float64)},
                                                       {"best", scalar(INFINITY, DType::float64)}};
                },
            .evaluate = [this] { evaluated.push_back(run.step()); }};
  }

  TrainingRun run;
  double weight = 0, each = 1;
  std::vector<int64_t> evaluated = {};
};

// Trains to the end, each step adding `weight`; the steps at which it was evaluated.
std::vector<int64_t> trained(const CommonFlags& flags, double weight = 1) {
  Counting c(flags);
  c.each = weight;
  c.run.run(c.body());
  return c.evaluated;
}

}  // namespace

TEST_CASE("a training goes to its last step, is evaluated on the way and at the end, and goes on from there") {
  const TemporaryFolder folder;
  CHECK(trained(flags(folder / "run", 10)) == std::vector<int64_t>{4, 8, 10});
  {
    Counting more(flags(folder / "run", 13));
    CHECK(more.run.saved() == folder / "run/ckpt-10.safetensors");
    CHECK(more.run.step() == 10);
    CHECK(more.run.share_done() == Approx(10.0 / 13));
    more.run.run(more.body());
    CHECK(more.evaluated == std::vector<int64_t>{12, 13});
    const Checkpoint last = load_checkpoint(more.run.saved());
    CHECK(last.step == 13);
    CHECK(last.tensors.at("model.w").item() == 13);
    CHECK(last.tensors.at("elapsed").item() == 0);
    CHECK_THAT(read_text(folder / "run/log.txt"), Contains("resumed from " + folder / "run/ckpt-10.safetensors"));
  }
  CHECK(TrainingRun(flags(folder / "run", 5), "").share_done() == 1);
}

TEST_CASE("a training by minutes ends by the time of all its sessions") {
  const TemporaryFolder folder;
  const double minutes = 0.02;
  double before = 0;
  const auto session = [&](int64_t stop_at) {
    CommonFlags timed = flags(folder / "run", 1);
    timed.minutes = minutes;
    Counting c(timed);
    CHECK(c.run.share_done() == before);
    const auto begin = std::chrono::steady_clock::now();
    auto body = c.body();
    body.step = [&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      if (c.run.step() + 1 == stop_at) raise(SIGTERM);
      return Tick{};
    };
    if (stop_at > 0)
      CHECK_THROWS_AS(c.run.run(body), Interrupted);
    else
      c.run.run(body);
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    CHECK(c.run.share_done() - before <= took / (60 * minutes));
    before = c.run.share_done();
    return std::pair(c.run.step(), c.evaluated);
  };
  CHECK(session(6) == std::pair(int64_t{6}, std::vector<int64_t>{4}));
  CHECK(before >= 0.1);
  const auto [steps, evaluated] = session(0);
  CHECK(before == 1);
  CHECK(steps > 6);
  CHECK(steps <= 60);
  CHECK(evaluated.back() == steps);
}

TEST_CASE("what cannot go on is diverged, what is a mistake stays one") {
  const TemporaryFolder folder;
  CommonFlags f = flags(folder / "run", 9);
  trained(f);
  f.steps = 12;
  const std::string last = " The last good checkpoint is " + folder / "run/ckpt-9.safetensors. Take care.";
  const auto failing = [&](const std::function<void()>& step) {
    Counting c(f);
    auto body = c.body();
    body.step = [&] {
      step();
      return Tick{};
    };
    c.run.run(body);
  };
  CHECK_THROWS_WITH(failing([] { throw SolverError("stuck."); }), "[train] step 9: stuck." + last);
  CHECK_THROWS_AS(failing([] { throw SolverError("stuck."); }), Diverged);
  CHECK_THROWS_AS(failing([] { throw ValueError("wrong."); }), ValueError);
  CHECK_THROWS_AS(failing([] { throw DataError("gone."); }), DataError);
  f.debug_nans = true;
  CHECK_THROWS_WITH(failing([] { throw ValueError("wrong."); }), "[train] step 9: wrong." + last);
  CHECK_THROWS_AS(failing([] { throw ValueError("wrong."); }), Diverged);
  CHECK_THROWS_WITH(trained(f, NAN), "[train] step 12: a weight is nan." + last);
  CHECK(read_text(folder / "run/latest") == "ckpt-9.safetensors\n");
  f.out = folder / "new";
  CHECK_THROWS_WITH(failing([] { throw SolverError("stuck."); }), Contains("There is no checkpoint yet."));
}

TEST_CASE("a training tells in which settings it differs from the one it resumes") {
  const TemporaryFolder folder;
  const CommonFlags f = flags(folder / "run", 2);
  Saved same, other{{16}, 14, 1};
  TrainingRun(f, "").check_same(saved(same));
  trained(f);
  const TrainingRun again(f, "");
  again.check_same(saved(same));
  again.check_same(command);  // of fewer settings
  CHECK_THROWS_AS(again.check_same(saved(same, "dimwise-other")), CheckpointError);
  CHECK_THROWS_WITH(again.check_same(saved(same, "dimwise-other")),
                    Contains("ckpt-2.safetensors was not written by dimwise-other train, but by dimwise-test train."));
  CHECK_THROWS_WITH(again.check_same(saved(other)),
                    Contains("is of another run: --hidden is [8], not [16]; image height is 28, not 14; --blocks is "
                             "unset, not 1. Give the flags of that run"));
}

TEST_CASE("a checkpoint that no training wrote is not resumed") {
  const TemporaryFolder folder;
  CommonFlags f = flags(folder / "run", 2);
  f.resume = folder / "foreign.safetensors";
  save_checkpoint(f.resume, {{"model.w", scalar(1.0, DType::float64)}}, {{"step", "3"}});
  CHECK_THROWS_AS(TrainingRun(f, ""), CheckpointError);
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
}

}  // namespace dimwise::training_run_tests
