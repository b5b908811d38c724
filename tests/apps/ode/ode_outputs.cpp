#include <cmath>

#include "nn/io/csv.hpp"
#include "ops/layout.hpp"
#include "tests/apps/cnf/cnf_run.hpp"
#include "tests/apps/ode/ode_run.hpp"
#include "tests/catch.hpp"
#include "tests/data.hpp"

namespace dimwise::ode_outputs_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

std::vector<double> last_row(const std::string& csv) {
  const Tensor values = load_csv(csv).values;
  return row(values, values.dim(0) - 1).values();
}

}  // namespace

TEST_CASE("solve writes the trajectory with every digit, pictures, and what it cost") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  const Ended ended =
      run_ode({"solve", "--problem", "logistic", "--rtol", "1e-9", "--points", "10", "--out", out, "--json"});
  REQUIRE(ended.code == 0);
  CHECK(ended.err == "");
  const auto j = nlohmann::json::parse(ended.out);
  CHECK(j["status"] == "success");
  CHECK(j["method"] == "dopri5");
  CHECK(j["reference"] == "closed form");
  CHECK(j["error"].get<double>() < 1e-7);
  CHECK(j["error"].get<double>() > 0);
  CHECK(j["evaluations"].get<int64_t>() > j["accepted"].get<int64_t>());
  const Csv csv = load_csv(out + "/trajectory.csv");
  CHECK(csv.columns == Strings{"t", "y1"});
  CHECK(csv.values.dim(0) == 11);  // 0, 1, …, 10: t = 3 is both the problem's and one of the points
  CHECK(last_row(out + "/trajectory.csv") == std::vector<double>{10, j["y"][0].get<double>()});
  for (const char* name : {"time.svg", "time.png", "phase.svg", "phase.png"}) {
    CHECK(read_text(out + "/figs/" + name).size() > 500);
  }
  CHECK_THAT(read_text(out + "/log.txt"), Contains("logistic by dopri5: success"));
  CHECK(read_text(out + "/metrics.jsonl").find("\"evaluations\"") != std::string::npos);
}

TEST_CASE("the written configuration repeats the solve, and a flag beats it") {
  const TemporaryFolder folder;
  const Strings words{"solve",       "--problem", "van-der-pol", "--method", "bdf",
                      "--corrector", "newton",    "--rtol",      "1e-5"};
  REQUIRE(run_ode(words + Strings{"--out", folder / "a"}).code == 0);
  const Strings again{"solve", "--config", folder / "a/config.toml"};
  REQUIRE(run_ode(again + Strings{"--out", folder / "b"}).code == 0);
  CHECK(read_text(folder / "a/trajectory.csv") == read_text(folder / "b/trajectory.csv"));
  REQUIRE(run_ode(again + Strings{"--out", folder / "c", "--rtol", "1e-4"}).code == 0);
  CHECK(read_text(folder / "a/trajectory.csv") != read_text(folder / "c/trajectory.csv"));
}

TEST_CASE("stiff problems meet the stored references by the automatic choice") {
  const TemporaryFolder folder;
  for (const std::string problem : {"robertson", "hires", "van-der-pol-mu"}) {
    const Ended ended = run_ode({"solve", "--problem", problem, "--rtol", "1e-8", "--out", folder / "run", "--json"},
                                {.environment = {{"DIMWISE_DATA", test_data("")}}});
    INFO(problem);
    REQUIRE(ended.code == 0);
    const auto j = nlohmann::json::parse(ended.out);
    CHECK(j["method"] == "bdf");
    CHECK_THAT(j["reference"].get<std::string>(), Contains("ivp_reference.json"));
    CHECK(j["error"].get<double>() < 1e-5);
  }
}

TEST_CASE("a solve that fails says where and why, and keeps the part that was reached") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  const Ended blown = run_ode({"solve", "--problem", "blow-up", "--out", out, "--json"});
  CHECK(blown.code == 1);
  const auto j = nlohmann::json::parse(blown.out);
  CHECK(j["status"] == "dt_too_small");
  CHECK(j["t"].get<double>() == Approx(1));
  CHECK(j["message"].get<std::string>() != "");
  CHECK_THAT(blown.err, Contains("[solve] dt_too_small: "));
  const std::vector<double> last = last_row(out + "/trajectory.csv");
  CHECK(last[0] <= 1);
  CHECK(last[1] >= 99);

  const Ended dear =
      run_ode({"solve", "--problem", "hires", "--max-evaluations", "500", "--method", "dopri5", "--out", out});
  CHECK(dear.code == 1);
  CHECK_THAT(dear.err, Contains("max_evaluations_reached"));
  CHECK_THAT(dear.out, Contains("500, of D f 0"));

  const Ended spoilt =
      run_ode({"solve", "--problem", "detest-a2", "--y0", "1e200", "--method", "euler", "--dt", "1", "--out", out});
  CHECK(spoilt.code == 4);
  CHECK_THAT(spoilt.err, Contains("non_finite"));
}

TEST_CASE("start, end and initial values can be chosen, backwards too") {
  const TemporaryFolder folder;
  const std::string out = folder / "run", csv = out + "/trajectory.csv";
  const Strings rotation{"solve", "--problem", "rotation", "--rtol", "1e-10", "--out", out};
  REQUIRE(run_ode(rotation + Strings{"--t1", "2", "--y0", "1,0"}).code == 0);
  const std::vector<double> there = last_row(csv);
  CHECK(there[1] == Approx(std::cos(6)).margin(1e-8));
  char y0[64];
  std::snprintf(y0, sizeof y0, "%.17g,%.17g", there[1], there[2]);
  REQUIRE(run_ode(rotation + Strings{"--t0", "2", "--t1", "0", "--y0", y0}).code == 0);
  CHECK(last_row(csv)[0] == 0);
  CHECK(last_row(csv)[1] == Approx(1).margin(1e-8));
  CHECK(last_row(csv)[2] == Approx(0).margin(1e-8));
  REQUIRE(run_ode(rotation + Strings{"--t0", "1", "--t1", "1"}).code == 0);
  CHECK(last_row(csv) == std::vector<double>{1, 1, 0.5});
}

TEST_CASE("the drift of a trained flow is solved, one start or many") {
  const TemporaryFolder folder;
  REQUIRE(run_cnf(training("moons", folder / "flow", 5)).code == 0);
  const Strings words{"solve", "--model", folder / "flow", "--weights", "last", "--rtol", "1e-4", "--json"};
  const Ended one =
      run_ode(words + Strings{"--method", "adams", "--corrector", "jacobi_newton", "--out", folder / "a"});
  REQUIRE(one.code == 0);
  const auto j = nlohmann::json::parse(one.out);
  CHECK(j["corrector"] == "jacobi_newton");
  CHECK(j["t"] == 1);
  CHECK(j["error"].is_null());
  CHECK(load_csv(folder / "a/trajectory.csv").columns == Strings{"t", "y1", "y2"});
  REQUIRE(run_ode(words + Strings{"--samples", "3", "--out", folder / "b"}).code == 0);
  CHECK(load_csv(folder / "b/trajectory.csv").columns == Strings{"t", "y1_1", "y2_1", "y1_2", "y2_2", "y1_3", "y2_3"});
}

TEST_CASE("dynamics of dimwise-ode train are solved from starts such as it was trained on") {
  const TemporaryFolder folder;
  for (const std::string task : {"trajectories", "rotation", "cnf"}) {
    const std::string run = folder / task;
    const Ended trained = run_ode({"train",  "--task",
                                   task,     "--mu",
                                   "2",      "--rows",
                                   "40",     "--steps",
                                   "2",      "--batch-size",
                                   "8",      "--hidden",
                                   "8",      "--transformer-hidden",
                                   "8",      "--d-h",
                                   "4",      "--solvers",
                                   "dopri5", "--out",
                                   run,      "--quiet"});
    INFO(task << ": " << trained.err);
    REQUIRE(trained.code == 0);
    const Ended solved = run_ode({"solve", "--model", run, "--samples", "2", "--method", "bdf", "--corrector",
                                  "jacobi_newton", "--json", "--out", folder / "solve"});
    INFO(solved.err);
    REQUIRE(solved.code == 0);
    const auto j = nlohmann::json::parse(solved.out);
    CHECK(j["problem"] == task);
    CHECK(j["diagonals"] > 0);
    CHECK(j["y"].size() == (task == "rotation" ? 8 : 4));
    CHECK(j["t"] == (task == "cnf" ? 0 : 2));
  }
}

TEST_CASE("race prints and writes a table and a diagram, with the cells that could not be reached") {
  const TemporaryFolder folder;
  const std::string out = folder / "race";
  const Strings words{"race",    "--problem",  "forced-relaxation", "--methods", "dopri5,bdf/newton",
                      "--rtols", "1e-3..1e-5", "--budget",          "150",       "--out",
                      out};
  const Ended ended = run_ode(words);
  REQUIRE(ended.code == 0);
  CHECK(ended.out.find(read_text(out + "/table.md")) == 0);
  CHECK_THAT(ended.out, Contains("errors against closed form") && Contains("| bdf/newton | 1e-05 | ") &&
                            Contains("max_evaluations_reached at t = "));
  CHECK_THAT(ended.err, Contains("step 6/6 100%"));
  CHECK(ended.err.find('\x1b') == std::string::npos);
  CHECK_THAT(read_text(out + "/figs/work-precision.svg"), Contains("xlink:href=\"#glyph"));
  CHECK(read_text(out + "/figs/work-precision.png").size() > 1000);
  const auto j = nlohmann::json::parse(run_ode(words + Strings{"--json", "--quiet"}).out);
  REQUIRE(j["cells"].size() == 6);
  for (const auto& cell : j["cells"]) {
    CHECK(cell["evaluations"].get<int64_t>() <= 150);
    CHECK(cell["error"].is_null() == (cell["outcome"] != "success"));
  }
  CHECK(j["cells"][5]["error"].get<double>() < 1e-3);
}

TEST_CASE("a race without reference measures against a tight solve by another method") {
  const TemporaryFolder folder;
  const Ended ended = run_ode({"race", "--problem", "detest-b1", "--methods", "dopri8,dopri5", "--rtols", "1e-4,1e-6",
                               "--out", folder / "race", "--json", "--quiet"});
  REQUIRE(ended.code == 0);
  CHECK(ended.err == "");
  const auto j = nlohmann::json::parse(ended.out);
  CHECK_THAT(j["reference"].get<std::string>(), Contains("tsit5 at rtol 1e-12"));
  CHECK(j["cells"][1]["error"].get<double>() < j["cells"][0]["error"].get<double>());
}

TEST_CASE("a solve out of time is said to be, and a signal keeps what a race has done") {
  const TemporaryFolder folder;
  const Strings words{"race",       "--problem", "prothero-robinson", "--rtols", "1e-3", "--budget",
                      "1000000000", "--out",     folder / "race"};
  const Ended slow = run_ode(words + Strings{"--methods", "dopri5", "--seconds", "0.2"});
  CHECK(slow.code == 0);
  CHECK_THAT(slow.out, Contains("out of time at t = "));

  Process race(DIMWISE_ODE, words + Strings{"--methods", "bdf/newton,dopri5", "--seconds", "60"}, {});
  REQUIRE(race.prints("step 1/2"));
  race.send(SIGINT);
  const Ended ended = race.wait();
  CHECK(ended.code == 130);
  CHECK_FALSE(ended.killed);
  CHECK_THAT(ended.err, Contains("interrupted: 1 of 2 solves are done"));
  CHECK_THAT(read_text(folder / "race/table.md"), Contains("| bdf/newton | 0.001 | "));
}

TEST_CASE("a signal ends a solve with what it has") {
  const TemporaryFolder folder;
  Process solve(
      DIMWISE_ODE,
      {"solve", "--problem", "van-der-pol", "--method", "dopri5", "--max-steps", "1000000000", "--out", folder / "run"},
      {});
  while (!std::filesystem::exists(folder / "run/log.txt")) pause_seconds(0.01);
  pause_seconds(0.3);
  solve.send(SIGTERM);
  const Ended ended = solve.wait();
  CHECK(ended.code == 143);
  CHECK_THAT(ended.err, Contains("interrupted: stopped at t = "));
  CHECK(load_csv(folder / "run/trajectory.csv").values.dim(0) >= 1);
}

TEST_CASE("bounce fits a ball through its bounces, from a guess that comes to rest too early, and draws it") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  const Ended ended = run_ode({"bounce", "--noise", "0", "--out", out, "--json", "--quiet"});
  REQUIRE(ended.code == 0);
  CHECK(ended.err == "");
  const auto j = nlohmann::json::parse(ended.out);
  CHECK(j["bounces"] == 6);
  CHECK(j["mismatch"].get<double>() < 1e-4);
  for (const char* name : {"height", "gravity", "drag", "restitution"}) {
    const double fitted = j[name]["fitted"], right = j[name]["true"];
    CHECK(fitted == Approx(right).epsilon(name == std::string("drag") ? 1e-2 : 1e-3));
    CHECK(j[name]["first"].get<double>() != right);
  }
  CHECK(load_csv(out + "/observations.csv").values.dim(0) == 60);
  CHECK(read_text(out + "/figs/bounce.png").size() > 500);
  const Ended noisy = run_ode({"bounce", "--seed", "3", "--out", out, "--json", "--quiet"});
  CHECK(nlohmann::json::parse(noisy.out)["mismatch"].get<double>() == Approx(0.02).epsilon(0.3));
  CHECK(run_ode({"bounce", "--seed", "3", "--out", out, "--json", "--quiet"}).out == noisy.out);
}

}  // namespace dimwise::ode_outputs_tests
