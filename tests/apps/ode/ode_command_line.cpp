#include <algorithm>

#include "hollow/ode/problems/problems.hpp"
#include "tests/apps/ode/ode_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::ode_command_line_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

TEST_CASE("help of every command of dimwise-ode comes on stdout, examples first, no wider than a page") {
  for (const std::string command : {"", "solve", "race", "problems", "bounce"}) {
    const Ended ended = run_ode(command.empty() ? Strings{"--help"} : Strings{command, "--help"});
    INFO(ended.out);
    CHECK(ended.code == 0);
    CHECK(ended.err == "");
    CHECK(ended.out.find('\x1b') == std::string::npos);
    CHECK(ended.out.find("Examples:\n") < ended.out.find("Usage: "));
    if (!command.empty()) CHECK_THAT(ended.out, Contains("--config FILE"));
    std::istringstream lines(ended.out);
    for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 100);
  }
  CHECK(run_ode({"--version"}).out == "dimwise-ode " DIMWISE_VERSION "\n");
}

TEST_CASE("usage errors of dimwise-ode end with 2 and tell the remedy") {
  const TemporaryFolder folder;
  write_text(folder / "unknown.toml", "problem = \"hires\"\nrtoll = 1e-3\n");
  struct Case {
    Strings words;
    std::string text;
  };
  const Case cases[]{
      {{}, "needs a command. See dimwise-ode --help."},
      {{"sovle"}, "Did you mean solve?"},
      {{"solve"}, "give one of --problem NAME, --field EQUATIONS and --model PATH"},
      {{"solve", "--problem", "a", "--model", "b"}, "give one of --problem NAME, --field EQUATIONS and --model PATH"},
      {{"solve", "--problem", "robertsen"}, "there is no problem \"robertsen\". Did you mean robertson?"},
      {{"solve", "--problem", "hires", "--method", "bfd"}, "Did you mean bdf?"},
      {{"solve", "--problem", "hires", "--method", "dopri5", "--corrector", "newton"}, "explicit and has no corrector"},
      {{"solve", "--problem", "logistic", "--method", "rk4"}, "rk4 has fixed steps. Give their length by --dt"},
      {{"solve", "--problem", "hires", "--rtol", "0"}, "[--rtol] must be a number above 0, not \"0\""},
      {{"solve", "--problem", "hires", "--y0", "1,2"}, "[--y0] has 2 numbers, but hires has 8 components."},
      {{"solve", "--problem", "hires", "--t1", "soon"}, "[--t1] must be comma-separated numbers"},
      {{"solve", "--problem", "hires", "--out", ""}, "[--out] is empty"},
      {{"solve", "--config", folder / "unknown.toml"}, "unknown.toml:2] unknown key \"rtoll\". Did you mean rtol?"},
      {{"race", "--problem", "hires", "--methods", "bdf/newtn"},
       "there is no corrector \"newtn\". Did you mean newton?"},
      {{"race", "--problem", "hires", "--methods", "rk4"}, "rk4 has fixed steps and no tolerance"},
      {{"bounce", "--observations", "0"}, "[--observations] must be a whole number of at least 1"},
      {{"bounce", "--duration", "0"}, "[--duration] must be a number above 0"},
      {{"race", "--problem", "hires", "--rtols", "1e-8..1e-3"}, "[--rtols] must be decreasing"},
      {{"race", "--problem", "hires", "--rtols", "1e-3,-1"}, "[--rtols] must be above 0"},
      {{"race", "--problem", "hires", "--budget", "0"}, "[--budget] must be a whole number of at least 1"},
  };
  for (const Case& c : cases) {
    const Ended ended = run_ode(c.words);
    INFO(c.text);
    CHECK(ended.code == 2);
    CHECK(ended.out == "");
    CHECK_THAT(ended.err, Catch::Matchers::StartsWith("dimwise-ode: error: [") && Contains(c.text));
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  }
}

TEST_CASE("missing data, a missing model and an unwritable folder have exit codes of their own") {
  const TemporaryFolder folder;
  write_text(folder / "file", "no JSON");
  const Strings solve{"solve", "--problem", "lotka-volterra", "--out", folder / "run"};
  for (const std::string& file : {folder / "none.json", folder / "file"}) {
    const Ended ended = run_ode(solve + Strings{"--reference", file});
    CHECK(ended.code == 3);
    CHECK_THAT(ended.err, Contains(file));
  }
  const Ended no_model = run_ode({"solve", "--model", folder / "none", "--out", folder / "run"});
  CHECK(no_model.code == 5);
  CHECK_THAT(no_model.err, Contains("there is no trained flow in \"" + folder / "none"));
  for (const std::string& out : {folder / "file", folder / "file/run", std::string("/proc/none/run")})
    for (const std::string command : {"solve", "race"}) {
      const Ended ended = run_ode({command, "--problem", "logistic", "--out", out});
      CHECK(ended.code == 1);
      CHECK_THAT(ended.err, Contains("cannot make the folder \"" + out + "\"") && Contains("Choose another --out."));
    }
  const Ended full = run_ode(solve, {.standard_output = "/dev/full"});
  CHECK(full.code == 1);
  CHECK_THAT(full.err, Contains("[stdout] cannot be written. Is the disk full?"));
}

TEST_CASE("problems are listed for people and for programs") {
  const Ended text = run_ode({"problems"}), json = run_ode({"problems", "--json"});
  CHECK(text.code == 0);
  const auto all = nlohmann::json::parse(json.out);
  REQUIRE(all.size() == ode_problem_names().size());
  for (size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i]["name"] == ode_problem_names()[i]);
    CHECK_THAT(text.out,
               Contains("\n" + ode_problem_names()[i] + " ") || Catch::Matchers::StartsWith(ode_problem_names()[i]));
  }
  CHECK(all[0]["d"] == 1);
}

}  // namespace dimwise::ode_command_line_tests
