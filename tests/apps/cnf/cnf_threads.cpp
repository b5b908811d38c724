#include <filesystem>
#include <random>
#include <sstream>

#include "apps/common/cnf/model.hpp"
#include "tests/apps/cnf/cnf_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::cnf_threads_tests {

using namespace dimwise::app;
using namespace dimwise::app::cnf;
using Catch::Matchers::Contains;

namespace {

Strings threaded(const std::string& data, const std::string& out, int64_t steps, int threads) {
  return training(data, out, steps) +
         Strings{"--trace", "hutchinson", "--checkpoint-every",   "7", "--eval-every", "20", "--log-every",
                 "3",       "--threads",  std::to_string(threads)};
}

// All numbers a run has noted, in order.
std::vector<double> noted(const std::string& out) {
  std::istringstream lines(metrics(out));
  std::vector<double> all;
  for (std::string line; std::getline(lines, line);) {
    const auto row = nlohmann::json::parse(line);
    for (const auto& entry : row) all.push_back(entry.get<double>());
  }
  return all;
}

}  // namespace

TEST_CASE("a number of threads always gives the same run") {
  const TemporaryFolder folder;
  for (const std::string& data : {std::string("moons"), rows_file(folder)})
    for (const int threads : {1, 2, 3}) {
      const std::string first = folder / "first", second = folder / "second";
      REQUIRE(run_cnf(threaded(data, first, 40, threads)).code == 0);
      REQUIRE(run_cnf(threaded(data, second, 40, threads)).code == 0);
      REQUIRE(checkpoint(first, 40).size() > 1000);
      CHECK((checkpoint(first, 40) == checkpoint(second, 40)));
      CHECK((metrics(first) == metrics(second)));
      std::filesystem::remove_all(first);
      std::filesystem::remove_all(second);
    }
}

TEST_CASE("random numbers belong to the row, not to the thread: with equal steps only rounding differs") {
  const TemporaryFolder folder;
  for (const int threads : {1, 2, 3, 50})
    REQUIRE(run_cnf(threaded("moons", folder / std::to_string(threads), 20, threads) + Strings{"--dtype", "float64"})
                .code == 0);
  const std::vector<double> serial = noted(folder / "1");
  for (const std::string threads : {"2", "3", "50"}) {
    const std::vector<double> other = noted(folder / threads);
    REQUIRE(other.size() == serial.size());
    for (size_t i = 0; i < other.size(); ++i) CHECK(other[i] == Approx(serial[i]).epsilon(1e-9));
  }
}

TEST_CASE("a threaded run killed at random moments and resumed ends as if it had not been") {
  const TemporaryFolder folder;
  constexpr int64_t steps = 200;
  const std::string whole = folder / "whole", out = folder / "killed";
  const auto begin = std::chrono::steady_clock::now();
  REQUIRE(run_cnf(threaded("moons", whole, steps, 3)).code == 0);
  const double duration = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::mt19937 random(23);
  std::uniform_real_distribution<double> delay(0, duration / 3);
  int kills = 0;
  for (bool finished = false; !finished;) {
    Process process(DIMWISE_CNF, threaded("moons", out, steps, 3) + Strings{"--resume", "auto"});
    if (kills < 5) {
      process.prints("model:");
      pause_seconds(delay(random));
      process.send(SIGKILL);
    }
    const Ended ended = process.wait();
    REQUIRE((ended.killed || ended.code == 0));
    finished = !ended.killed;
    kills += ended.killed;
  }
  CHECK(kills > 0);
  CHECK((checkpoint(out, steps) == checkpoint(whole, steps)));
  CHECK((metrics(out) == metrics(whole)));
}

TEST_CASE("a run is not resumed with another number of threads") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(run_cnf(threaded("moons", out, 8, 2)).code == 0);
  const std::string before = checkpoint(out, 8);
  for (const int threads : {1, 3}) {
    const Ended refused = run_cnf(threaded("moons", out, 16, threads) + Strings{"--resume", "auto"});
    CHECK(refused.code == 5);
    CHECK_THAT(refused.err,
               Contains("[resume]") && Contains("is of another run: --threads is 2, not " + std::to_string(threads)));
  }
  CHECK((checkpoint(out, 8) == before));
  CHECK(run_cnf(threaded("moons", out, 16, 2) + Strings{"--resume", "auto"}).code == 0);
}

TEST_CASE("a threaded run stops at a signal and at a NaN like any other") {
  const TemporaryFolder folder;
  Process process(DIMWISE_CNF, threaded("moons", folder / "stopped", 1000000, 3));
  REQUIRE(process.prints("step 1/"));
  process.send(SIGINT);
  CHECK(process.wait().code == 130);
  const Ended diverged =
      run_cnf(threaded("moons", folder / "diverged", 50, 3) + Strings{"--lr", "1e38", "--debug-nans"});
  CHECK(diverged.code ==
        run_cnf(threaded("moons", folder / "serial", 50, 1) + Strings{"--lr", "1e38", "--debug-nans"}).code);
  CHECK(diverged.code != 0);
}

TEST_CASE("a likelihood in chunks is that of all rows at once, whatever the threads") {
  using dimwise::DType, dimwise::Rng, dimwise::Trace;
  const FlowModel model =
      make_model({.net = {.d_h = 4, .hidden = {8}, .transformer_hidden = {8}, .dtype = DType::float64}}, Rng(3));
  const dimwise::FlowOptions options{.trace = Trace::hutchinson, .ode = {.method = "rk4", .steps = 2}, .noise = Rng(4)};
  const dimwise::Tensor x = Rng(5).normal({101, 2}, DType::float64);
  dimwise::ThreadPool one(1), three(3);
  const Likelihood whole = likelihood(one, model, x, options, 101), cut = likelihood(one, model, x, options, 10),
                   threaded = likelihood(three, model, x, options, 10);
  CHECK(cut.count == 101);
  CHECK(cut.mean == Approx(whole.mean).epsilon(1e-12));
  CHECK(cut.standard_error == Approx(whole.standard_error).epsilon(1e-9));
  CHECK(threaded.mean == cut.mean);
  CHECK(threaded.standard_error == cut.standard_error);
}

TEST_CASE("eval scores alike on any number of threads") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(run_cnf(training("moons", out, 5)).code == 0);
  const Ended one = run_cnf({"eval", "--out", out, "--trace", "hutchinson", "--json"});
  REQUIRE(one.code == 0);
  for (const std::string threads : {"2", "3"})
    CHECK(run_cnf({"eval", "--out", out, "--trace", "hutchinson", "--json", "--threads", threads}).out == one.out);
}

}  // namespace dimwise::cnf_threads_tests
