// What limits the memory and the time of dimwise-cnf.
#include <chrono>
#include <filesystem>

#include "nn/io/npy.hpp"
#include "ops/layout.hpp"
#include "tests/apps/cnf/cnf_run.hpp"
#include "tests/catch.hpp"
#include "tests/data.hpp"

namespace dimwise::cnf_bounds_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

Tensor samples(const std::string& out, const std::string& file, int64_t n, const Strings& more) {
  const Ended ended = run_cnf(Strings{"sample", "--out", out, "--file", file, "--n", std::to_string(n)} + more);
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  return load_npy(file);
}

}  // namespace

TEST_CASE("samples are drawn in chunks: with equal steps the first of many are the few, whatever the threads") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(run_cnf(training("moons", out, 5)).code == 0);
  const Strings equal_steps{"--method", "rk4", "--solver-steps", "3"};
  const Tensor few = samples(out, folder / "few.npy", 7000, equal_steps),
               many = samples(out, folder / "many.npy", 12001, equal_steps);
  CHECK(slice(many, 0, 0, 7000).values() == few.values());
  CHECK(slice(many, 0, 5000, 7000).values() != slice(many, 0, 0, 2000).values());
  const Tensor adaptive = samples(out, folder / "one.npy", 12001, {});
  for (const std::string threads : {"2", "3"})
    CHECK(samples(out, folder / "more.npy", 12001, {"--threads", threads}).values() == adaptive.values());
}

TEST_CASE("many samples need little more memory than few") {
  if (sanitized) return skip("sanitizers reserve more addresses than any limit leaves");
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(run_cnf({"train", "--data", "moons", "--steps", "1", "--out", out}).code == 0);
  const auto finishes = [&](const std::string& n, rlim_t limit) {
    return Process(
               DIMWISE_CNF,
               {"sample", "--out", out, "--n", n, "--method", "rk4", "--solver-steps", "2", "--file", folder / "x.npy"},
               {.memory = limit})
               .wait()
               .code == 0;
  };
  rlim_t low = 16 * mebibyte, high = 4096 * mebibyte;
  while (high - low > 16 * mebibyte) {
    const rlim_t middle = (low + high) / 2;
    (finishes("1000", middle) ? high : low) = middle;
  }
  CHECK(finishes("400000", high + 128 * mebibyte));
}

TEST_CASE("an interrupted command leaves no file") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(run_cnf(training("moons", out, 5)).code == 0);
  std::filesystem::create_directory(folder / "results");
  const std::string file = folder / "results/x.csv";
  for (const Strings& words :
       {Strings{"sample", "--n", "50000000"}, Strings{"grid", "--grid", "2000"}, Strings{"score"}}) {
    Process process(DIMWISE_CNF,
                    words + Strings{"--out", out, "--file", file, "--method", "rk4", "--solver-steps", "900"});
    REQUIRE(process.prints("step "));
    process.send(SIGINT);
    const Ended ended = process.wait();
    CHECK(ended.code == 130);
    CHECK_THAT(ended.err, Contains("interrupted: nothing is written"));
    CHECK(std::filesystem::is_empty(folder / "results"));
  }
}

TEST_CASE("a solve of too many evaluations ends a command with 4, and names the flag") {
  const TemporaryFolder folder;
  const Ended wild = run_cnf({"train", "--data", "moons", "--out", folder / "run", "--lr", "1e6", "--clip", "1e9",
                              "--steps", "100", "--max-evaluations", "500"});
  CHECK(wild.code == 4);
  CHECK_THAT(wild.err, Contains("[--max-evaluations]") && Contains("but it may take 500. Raise --max-evaluations"));
  const std::string out = folder / "few";
  REQUIRE(run_cnf(training("moons", out, 5)).code == 0);
  const std::string file = folder / "x.csv";
  for (const Strings& words : {Strings{"eval"}, Strings{"sample", "--file", file}, Strings{"grid", "--file", file}}) {
    const Ended few = run_cnf(words + Strings{"--out", out, "--max-evaluations", "3"});
    CHECK(few.code == 4);
    CHECK_THAT(few.err, Contains("but it may take 3. Raise --max-evaluations"));
  }
}

}  // namespace dimwise::cnf_bounds_tests
