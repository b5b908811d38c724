#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "apps/common/run/progress.hpp"
#include "tests/catch.hpp"

namespace dimwise::progress_output_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

std::string shown(ProgressStyle style) {
  std::ostringstream out;
  {
    Progress progress(300, 0, style, out);
    for (int64_t step = 1; step <= 300; ++step)
      progress.update({.step = step, .loss = 1.0 / static_cast<double>(step)});
    progress.say("a note");
  }
  return out.str();
}

}  // namespace

TEST_CASE("the progress line tells all that is known") {
  const Tick tick{
      .step = 250, .loss = 0.51234, .evaluations_forward = 38, .evaluations_backward = 44, .gradient_norm = 0.0123};
  CHECK(progress_line(tick, 1000, 2.5) ==
        "step 250/1000  25% | 05:00 left | 2.5 it/s | loss 0.5123 | nfe 38/44 | grad 0.0123");
  CHECK(progress_line({.step = 2, .loss = 1.0, .more = "dopri5 26/50"}, 1000, 2.5) ==
        "step 2/1000   0% | 06:39 left | 2.5 it/s | loss 1.0000 | dopri5 26/50");
  CHECK(progress_line({.step = 1}, 1000000, 0.1) == "step 1/1000000   0% | 2777:46:30 left | 10.0 s/it");
  CHECK_THAT(progress_line({.step = 5}, 10, 0), Contains("--:--"));
  CHECK_THAT(progress_line({.step = 5}, 10, 314.15), Contains("| 314 it/s"));
}

TEST_CASE("off a terminal the lines are few, plain and complete") {
  const std::string text = shown(ProgressStyle::lines);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find('\r') == std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
  CHECK_THAT(text, Contains("step 1/300") && Contains("a note\n") && Contains("step 300/300 100%"));
}

TEST_CASE("on a terminal one line is rewritten") {
  const std::string text = shown(ProgressStyle::rewriting);
  CHECK_THAT(text, Contains("\r") && Contains("\x1b[K") && Contains("a note\n") && Contains("step 300/300 100%"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
}

TEST_CASE("without progress only what is said appears") { CHECK(shown(ProgressStyle::off) == "a note\n"); }

TEST_CASE("quiet and no-progress switch progress off") {
  CHECK(progress_style(true, false) == ProgressStyle::off);
  CHECK(progress_style(false, true) == ProgressStyle::off);
  setenv("NO_COLOR", "1", 1);
  CHECK(progress_style(false, false) == ProgressStyle::lines);
  unsetenv("NO_COLOR");
}

}  // namespace dimwise::progress_output_tests
