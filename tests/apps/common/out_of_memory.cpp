// A training that runs out of memory ends with 1 and one clear line, and what it saved is intact: under any limit
// between one too low to begin and one high enough to finish.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/common/run/checkpoint.hpp"
#include "tests/apps/common/trainings.hpp"
#include "tests/catch.hpp"
#include "tests/data.hpp"

namespace dimwise::out_of_memory_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

// A training whose steps take much memory.
struct Large {
  std::string app, executable;
  Strings words;
  int64_t half, steps;  // that are saved before memory is short, and at the end
};

const Strings wide{"--hidden", "64", "--d-h", "8", "--transformer-hidden", "64", "--batch-size", "20000"};

std::vector<Large> large_trainings() {
  return {
      {"cnf", DIMWISE_CNF,
       Strings{"train", "--data", "moons", "--method", "rk4", "--solver-steps", "2", "--threads", "2"} + wide, 1, 2},
      {"sde", DIMWISE_SDE, Strings{"train", "--paths", "2000", "--density-share", "0.5"} + wide, 1, 2},
      {"vae",
       DIMWISE_VAE,
       {"train", "--flow", "planar", "--arch", "conv", "--train-images", "64", "--validation-images", "16",
        "--batch-size", "64"},
       1,
       2},
      {"ode",
       DIMWISE_ODE,
       {"train", "--task", "cnf", "--solvers", "dopri5", "--rtol", "1", "--atol", "1", "--tolerances", "0.1",
        "--hidden", "16", "--d-h", "4", "--transformer-hidden", "16", "--batch-size", "10000"},
       1,
       2},
  };
}

class Limited {
 public:
  explicit Limited(const Large& large) : large_(large) {
    REQUIRE(run(saved_, large_.half, 0).code == 0);
    std::filesystem::copy(saved_, whole_, std::filesystem::copy_options::recursive);
    REQUIRE(run(whole_, large_.steps, 0).code == 0);
  }

  // Whether it finishes under a limit of address space.
  bool finishes(rlim_t limit) {
    INFO(limit / mebibyte << " MiB");
    std::filesystem::remove_all(out_);
    std::filesystem::copy(saved_, out_, std::filesystem::copy_options::recursive);
    const Ended ended = run(out_, large_.steps, limit);
    INFO(ended.err);
    CHECK_FALSE(ended.killed);
    if (ended.code == 0) return true;
    const auto newest = find_checkpoint("auto", out_);
    REQUIRE(newest);
    CHECK(newest->skipped.empty());
    CHECK(newest->step >= large_.half);
    if (ended.code == 127) {  // the loader could not begin
      CHECK(Process(large_.executable, {"--version"}, {.memory = limit}).wait().code == 127);
      return false;
    }
    CHECK(ended.code == 1);
    CHECK(ended.out == "");
    CHECK_THAT(ended.err, StartsWith("dimwise-" + large_.app + ": error: out of memory") &&
                              Contains("Take a smaller --batch-size or model"));
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
    ++failures;
    return false;
  }

  // With memory again, the run of the last call ends as if it had had it all the time.
  void check_resumes() const {
    REQUIRE(run(out_, large_.steps, 0).code == 0);
    REQUIRE(checkpoint(whole_, large_.steps).size() > 1000);
    CHECK((checkpoint(out_, large_.steps) == checkpoint(whole_, large_.steps)));
    CHECK((counted(out_) == counted(whole_)));
  }

  int failures = 0;

 private:
  Ended run(const std::string& out, int64_t steps, rlim_t limit) const {
    const std::string unit = large_.app == "vae" ? "--epochs" : "--steps";
    return Process(large_.executable,
                   large_.words + Strings{"--out", out, unit, std::to_string(steps), "--checkpoint-every", "1",
                                          "--resume", "--quiet"},
                   {.memory = limit})
        .wait();
  }

  const Large large_;
  TemporaryFolder folder_;
  const std::string saved_ = folder_ / "saved", whole_ = folder_ / "whole", out_ = folder_ / "out";
};

// Finds the least limit under which each finishes, to a resolution, and then takes shares of it.
void check_limits(rlim_t resolution, const std::vector<double>& shares) {
  if (sanitized) return skip("sanitizers reserve more addresses than any limit leaves");
  for (const Large& large : large_trainings()) {
    INFO(large.app);
    Limited limited(large);
    rlim_t low = 16 * mebibyte, high = 2048 * mebibyte;
    while (high - low > resolution) {
      const rlim_t middle = (low + high) / 2;
      (limited.finishes(middle) ? high : low) = middle;
    }
    for (const double share : shares)
      if (!limited.finishes(static_cast<rlim_t>(share * static_cast<double>(high)))) limited.check_resumes();
    CHECK(limited.failures > 1);
  }
}

}  // namespace

TEST_CASE("a training that runs out of memory says so, and what it saved is intact") {
  check_limits(128 * mebibyte, {0.9, 0.7});
}

TEST_CASE("under many limits", "[long]") {
  check_limits(8 * mebibyte, {0.97, 0.93, 0.89, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4, 0.35});
}

}  // namespace dimwise::out_of_memory_tests
