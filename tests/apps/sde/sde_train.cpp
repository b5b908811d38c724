// dimwise-sde train: its refusals, its stages, and that a run is the same however often it stops.
#include <chrono>
#include <filesystem>

#include "apps/common/run/checkpoint.hpp"
#include "tests/apps/cnf/cnf_run.hpp"
#include "tests/apps/sde/sde_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::sde_train_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

const Strings often{"--checkpoint-every", "10", "--eval-every", "30", "--log-every", "3"};

// Both runs ended at that step with the same weights, moments and metrics.
void check_same(const std::string& a, const std::string& b, int64_t step) {
  REQUIRE(checkpoint(a, step).size() > 1000);
  CHECK((checkpoint(a, step) == checkpoint(b, step)));
  REQUIRE(metrics(a).size() > 100);
  CHECK((metrics(a) == metrics(b)));
}

std::vector<nlohmann::json> lines(const std::string& out) {
  std::vector<nlohmann::json> all;
  std::istringstream text(metrics(out));
  for (std::string line; std::getline(text, line);) all.push_back(nlohmann::json::parse(line));
  return all;
}

// The numbers of all tensors of a checkpoint whose names begin so.
std::vector<double> part(const std::string& out, int64_t step, const std::string& prefix) {
  std::vector<double> all;
  for (const auto& [name, tensor] : load_checkpoint(out + "/ckpt-" + std::to_string(step) + ".safetensors").tensors)
    if (name.starts_with(prefix))
      for (const double v : tensor.values()) all.push_back(v);
  REQUIRE_FALSE(all.empty());
  return all;
}

}  // namespace

TEST_CASE("usage errors of dimwise-sde train end with 2, tell the remedy and write nothing") {
  const TemporaryFolder folder;
  const std::string file = paths_file(folder);
  write_text(folder / "unknown.toml", "lr = 5\nhiden = [8]\n");
  struct Case {
    Strings words;
    std::string text;
  };
  const Case cases[]{
      {{"--hiden", "8"}, "Did you mean --hidden?"},
      {{"--config", folder / "unknown.toml"}, "unknown.toml:2] unknown key \"hiden\". Did you mean hidden?"},
      {{"--method", "eular"}, "euler"},
      {{"--fit", "jiont"}, "Did you mean joint?"},
      {{"--residual", "l3"}, "[--residual] must be one of weak|l1|l2"},
      {{"--density", "flw"}, "Did you mean flow?"},
      {{"--density-share", "0.96"}, "[--density-share] must be a number above 0 to 0.95"},
      {{"--test-share", "0"}, "[--test-share] must be a number above 0 to 0.9"},
      {{"--window", "-1"}, "[--window] must be a whole number of at least 0"},
      {{"--interval", "0"}, "[--interval] must be a number above 0"},
      {{"--lambda", "0"}, "[--lambda] must be a number above 0"},
      {{"--observations", "1"}, "[--observations] must be at least 2"},
      {{"--diffusion", "learned,0"}, "[--diffusion] must have one entry for each of the 1 components of x, not 2."},
      {{"--data", "rotating-ou", "--diffusion", "0"}, "for each of the 2 components of x, not 1."},
      {{"--diffusion", "some"}, "[--diffusion] has \"some\". Each entry is learned or a number of at least 0."},
      {{"--diffusion", "-1"}, "[--diffusion] has \"-1\""},
      {{"--diffusion", "0.5x"}, "[--diffusion] has \"0.5x\""},
      {{"--data", "coupled", "--d", "65"}, "coupled has 2 to 64"},
      {{"--truth", "ou"}, "[--truth] is for a file, but double-well is a built-in system."},
      {{"--data", file, "--truth", "rotatin-ou"}, "Did you mean rotating-ou?"},
      {{"--data", file, "--truth", "ou"}, "[--truth] ou has d = 1, but " + file + " has d = 2."},
      {{"--data", file, "--window", "1"}, "[--window] must be at least 2 rows, not 1."},
      {{"--time-dependent", "--initial", "start"}, "[--time-dependent] needs the same time for all paths"},
  };
  for (const Case& c : cases) {
    const Ended ended = run_sde(Strings{"train", "--out", folder / "run", "--steps", "3"} + c.words);
    INFO(c.text);
    CHECK(ended.code == 2);
    CHECK(ended.out == "");
    CHECK_THAT(ended.err, Catch::Matchers::StartsWith("dimwise-sde: error: [") && Contains(c.text));
    CHECK_FALSE(std::filesystem::exists(folder / "run"));
  }
}

TEST_CASE("data that are missing or show nothing end with 3, say why and write nothing") {
  const TemporaryFolder folder;
  const auto refused = [&](const Strings& words, const std::string& text) {
    const Ended ended = run_sde(Strings{"train", "--out", folder / "run", "--steps", "3"} + words);
    INFO(text);
    CHECK(ended.code == 3);
    CHECK(ended.out == "");
    CHECK_THAT(ended.err, Catch::Matchers::StartsWith("dimwise-sde: error: [") && Contains(text));
    CHECK_FALSE(std::filesystem::exists(folder / "run"));
  };
  refused(
      {"--data", "double-wel"},
      "there is no system and no file 'double-wel'. Tried: double-wel. Built in: ou, rotating-ou, gbm, double-well");
  refused({"--data", folder / "no.csv"}, "or give a .csv, .npy or .npz with columns t, path and x.");
  const std::string file = folder / "x.csv";
  const auto of = [&](const std::string& text) {
    write_text(file, text);
    return Strings{"--data", file};
  };
  refused(of(""), "x.csv");
  refused(of("t,x\n"), "x.csv has no rows.");
  refused(of("t,x\n0,1\n1,nan\n"), "x.csv:3:3: missing value in column 'x'");
  refused(of("t,x\n0,1\n1\n"), "x.csv:3");
  refused(of("t,x\n0,1\n1,inf\n"), "row 2, column x is inf");
  refused(of("s,x\n0,1\n1,2\n"), "none of which is the time. Name it by --time, or give --window");
  refused(of("t,x\n1,1\n1,2\n"), "all observations are at t = 1.");
  refused(of("t,x\n0,5\n1,5\n"), "column x is constant, 5.");
  refused(of("t,path,x\n0,1,5\n0,1,6\n1,1,6\n"), "two observations of one path at t = 0.");
  refused(of("t,path,x\n0,1,5\n1,1,6\n"), "the number of paths is 1, and a test share of 0.2 leaves none");
  refused(of("a\n1\n2\n3\n") + Strings{"--window", "2"}, "too short for two windows of 2 rows: it has 3.");
  refused(of("t,x\n0,-1\n1,2\n") + Strings{"--transform", "log"}, "which has no logarithm. Use --transform none.");
  refused(of("t,x\n0,1\n1,2\n") + Strings{"--columns", "y"}, "has no column y, only t, x.");
  refused({"--paths", "1"}, "Give more paths, or another --test-share.");
  refused(of("t,path,group,x\n0,1,1,1\n1,1,1,2\n0,2,2,3\n1,2,2,4\n0,3,3,5\n1,3,3,6\n"),
          "there are 3 groups, but one of them has no training observations.");
  refused({"--unpaired", "--method", "euler"}, "there are no transitions. Use --method fokker-planck.");
  refused({"--unpaired", "--initial", "start"}, "no path has two observations");
}

TEST_CASE("a fit that cannot be written ends with 1 and tells the remedy") {
  const TemporaryFolder folder;
  write_text(folder / "file", "");
  for (const std::string& out : {folder / "file", folder / "file/run", std::string("/proc/none/run")}) {
    const Ended ended = run_sde(fitting(out, 3));
    CHECK(ended.code == 1);
    CHECK(ended.out == "");
    CHECK_THAT(ended.err, Contains("cannot make the folder \"" + out + "\"") && Contains("Choose another --out."));
  }
  const Ended full = run_sde(fitting(folder / "run", 3), {.standard_output = "/dev/full"});
  CHECK(full.code == 1);
  CHECK_THAT(full.err, Contains("[stdout] cannot be written. Is the disk full?"));
}

TEST_CASE("config.toml repeats a fit bit for bit") {
  const TemporaryFolder folder;
  const Strings cases[]{
      {"--data", "rotating-ou", "--diffusion", "learned,0.3", "--keep", "0.7", "--seed", "3", "--clip", "3"},
      {"--data", paths_file(folder), "--columns", "b,a", "--fit", "joint", "--residual", "l2", "--space", "p"},
      {"--data", paths_file(folder), "--drop", "t,path", "--window", "5", "--interval", "0.3", "--initial", "start",
       "--lr", "0.003"},
      {"--method", "euler", "--times", "random", "--end-time", "1.5", "--sigma", "0.7", "--dtype", "float64"},
  };
  for (const Strings& flags : cases) {
    INFO(flags[1] << ' ' << flags[3]);
    const std::string first = folder / "first", second = folder / "second";
    REQUIRE(run_sde(fitting(first, 20) + flags + Strings{"--log-every", "2"}).code == 0);
    REQUIRE(run_sde({"train", "--config", first + "/config.toml", "--out", second}).code == 0);
    check_same(first, second, 20);
    std::filesystem::remove_all(first);
    std::filesystem::remove_all(second);
  }
}

TEST_CASE("a fit is the same quiet or verbose, and another with another seed") {
  const TemporaryFolder folder;
  REQUIRE(run_sde(fitting(folder / "loud", 40) + often + Strings{"--verbose"}).code == 0);
  const Ended quiet = run_sde(fitting(folder / "quiet", 40) + often + Strings{"--quiet"});
  REQUIRE(quiet.code == 0);
  CHECK(quiet.err == "");
  check_same(folder / "loud", folder / "quiet", 40);
  REQUIRE(run_sde(fitting(folder / "other", 40) + often + Strings{"--seed", "1"}).code == 0);
  CHECK((checkpoint(folder / "loud", 40) != checkpoint(folder / "other", 40)));
}

TEST_CASE("the density comes first, then f alone, then f and g; of two stages the second leaves the density be") {
  const TemporaryFolder folder;
  const auto fit = [&](const std::string& out, const Strings& flags) {
    REQUIRE(run_sde(fitting(folder / out, 40) + Strings{"--log-every", "1"} + flags).code == 0);
    return folder / out;
  };
  const std::string untouched = fit("untouched", {"--density-share", "0.95", "--checkpoint-every", "38"}),
                    staged = fit("staged", {"--density-share", "0.75", "--checkpoint-every", "32"}),
                    joint = fit("joint", {"--density-share", "0.75", "--checkpoint-every", "32", "--fit", "joint"});
  CHECK((part(staged, 32, "model.drift") != part(untouched, 38, "model.drift")));
  CHECK((part(staged, 32, "model.diffusion") == part(untouched, 38, "model.diffusion")));
  CHECK((part(staged, 40, "model.diffusion") != part(untouched, 38, "model.diffusion")));
  CHECK((part(staged, 40, "model.drift") != part(staged, 32, "model.drift")));
  CHECK((part(staged, 40, "model.density") == part(staged, 32, "model.density")));
  CHECK((part(joint, 40, "model.density") != part(joint, 32, "model.density")));
  CHECK((part(joint, 32, "model.diffusion") == part(untouched, 38, "model.diffusion")));
  const auto two = lines(staged), both = lines(joint);
  REQUIRE(two.size() == 41);  // and the evaluation
  for (size_t i = 0; i < 40; ++i) {
    const bool second = i >= 30;
    CHECK(two[i].contains("nll") != second);
    CHECK(two[i].contains("residual") == second);
    const bool alone = second && i < 34;  // f, while the density rests
    CHECK(both[i].contains("nll") != alone);
    CHECK(both[i].contains("residual") == second);
    if (!second) continue;
    CHECK(two[i]["lambda"] == 1.0);
    const double ramp = alone ? 1 : std::min(1.0, (static_cast<double>(i - 30) / 10 - 0.3) / 0.2);
    CHECK(both[i]["lambda"].get<double>() == Approx(ramp).margin(1e-12));
  }
  CHECK(two[40].contains("test_nll"));
  CHECK(two[40].contains("drift_error"));
  const auto euler = lines(fit("euler", {"--method", "euler"}));
  CHECK(euler[0].contains("pseudo_nll"));
  CHECK_FALSE(euler[0].contains("residual"));
  CHECK_FALSE(euler[40].contains("test_nll"));
}

TEST_CASE("a signal ends a fit after its step with 130, saves, and says how to go on") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  Process process(DIMWISE_SDE, fitting(out, 1000000));
  REQUIRE(process.prints("step 1/"));
  process.send(SIGINT);
  const Ended ended = process.wait();
  CHECK_FALSE(ended.killed);
  CHECK(ended.code == 130);
  CHECK(ended.out == "");
  CHECK_THAT(ended.err, Contains("dimwise-sde: interrupted: saved " + out + "/ckpt-") &&
                            Contains("continue with the same command and --resume auto"));
  const int64_t done = find_checkpoint("auto", out)->step;
  const Ended rest = run_sde(fitting(out, done + 5) + Strings{"--resume"});
  CHECK(rest.code == 0);
  CHECK_THAT(rest.out, Contains(std::to_string(done + 5) + " steps; saved "));
  CHECK_THAT(rest.err, Contains("resumed from " + out + "/ckpt-" + std::to_string(done)));
}

TEST_CASE("a fit resumed with other flags ends with 5, names them, and touches nothing") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(run_sde(fitting(out, 12) + often).code == 0);
  const std::string before = checkpoint(out, 12), noted = metrics(out), config = read_text(out + "/config.toml");
  const std::pair<Strings, std::string> cases[]{
      {{"--lambda", "2"}, "ckpt-12.safetensors is of another run: --lambda is 1, not 2."},
      {{"--fit", "joint"}, "--fit is \"two-stage\", not \"joint\"."},
      {{"--data", "ou"}, "--data is \"double-well\", not \"ou\""},
      {{"--seed", "4", "--threads", "2"}, "--seed is 0, not 4; --threads is 1, not 2."},
  };
  for (const auto& [flags, text] : cases) {
    const Ended ended = run_sde(fitting(out, 24) + often + flags + Strings{"--resume"});
    CHECK(ended.code == 5);
    CHECK(ended.out == "");
    CHECK_THAT(ended.err, Contains(text) && Contains("or another --out to start a new run."));
  }
  CHECK((checkpoint(out, 12) == before));
  CHECK(metrics(out) == noted);
  CHECK(read_text(out + "/config.toml") == config);
  CHECK(run_sde(fitting(folder / "none", 12) + Strings{"--resume", folder / "nowhere"}).code == 5);
  REQUIRE(run_cnf(training("moons", folder / "flow", 3)).code == 0);
  const Ended other = run_sde(fitting(folder / "flow", 12) + Strings{"--resume"});
  CHECK(other.code == 5);
  CHECK_THAT(other.err, Contains("was not written by dimwise-sde train, but by dimwise-cnf train."));
}

TEST_CASE("a fit that diverges ends with 4 and keeps its last good checkpoint") {
  const TemporaryFolder folder;
  const std::pair<std::string, Strings> kinds[]{
      {"two-stage", {}},
      {"debug", {"--debug-nans"}},
      {"euler", {"--method", "euler"}},
      {"flow", {"--density", "flow"}},
      {"threads", {"--threads", "2"}},
  };
  for (const auto& [name, flags] : kinds) {
    const std::string out = folder / name;
    const Strings words =
        fitting(out, 40) + Strings{"--lr", "1e6", "--checkpoint-every", "1", "--resume", "auto"} + flags;
    const Ended ended = run_sde(words);
    INFO(name << '\n' << ended.err);
    CHECK(ended.code == 4);
    CHECK(ended.out == "");
    std::string latest = read_text(out + "/latest");
    REQUIRE_FALSE(latest.empty());
    latest.pop_back();
    CHECK_THAT(ended.err, Contains("dimwise-sde: error: [train] step ") &&
                              Contains("The last good checkpoint is " + out + "/" + latest + ".") &&
                              Contains("a smaller --lr, --clip or --lambda") &&
                              (Contains("the loss is ") || Contains("in the forward pass")));
    CHECK_THAT(read_text(out + "/log.txt"), Contains("diverged at step "));
    const std::string good = read_text(out + "/" + latest);
    for (const auto& [key, tensor] : load_checkpoint(out + "/" + latest).tensors)
      for (const double v : tensor.values()) REQUIRE(std::isfinite(v));
    CHECK(run_sde(words).code == 4);
    CHECK((read_text(out + "/" + latest) == good));
  }
}

TEST_CASE("what is said of a fit: the data, what was done to them, and what they cannot tell") {
  const TemporaryFolder folder;
  const std::string file = paths_file(folder);
  const auto said = [&](const Strings& flags) {
    const Ended ended = run_sde(fitting(folder / "run", 3) + Strings{"--overwrite"} + flags);
    INFO(ended.err);
    CHECK(ended.code == 0);
    CHECK_THAT(read_text(folder / "run/log.txt"), Contains("note: "));
    return ended.err;
  };
  const auto warning = Contains("note: densities do not identify an f and a g that depend on time");
  const auto one_law =
      Contains("note: there is one initial law; in several dimensions f is identified only up to flows");
  const auto stationary = Contains("note: f and g are learned from the change of p(t, x)");
  const auto biased =
      Contains("note: the Euler pseudo-likelihood assumes that f and g are constant between observations");
  CHECK_THAT(said({}), Contains("data double-well: 400 observations of 16 paths to train on, 100 of 4 held out") &&
                           !warning && !one_law && stationary && !biased);
  CHECK_THAT(said({"--time-dependent"}), warning && stationary);
  CHECK_THAT(said({"--data", file}), Contains("24 observations of 8 paths to train on, 6 of 2 held out") && one_law);
  CHECK_THAT(said({"--data", file, "--initial", "start"}), !one_law && stationary);
  CHECK_THAT(said({"--method", "euler"}), biased && !stationary);
  CHECK_THAT(said({"--data", file, "--drop", "t,path", "--window", "4"}),
             Contains("data: cut into 7 windows of 4 rows"));
}

TEST_CASE("with --json stdout is one object, with errors where the truth is known") {
  const TemporaryFolder folder;
  const auto told = [&](const Strings& flags) {
    const Ended ended = run_sde(fitting(folder / "run", 3) + Strings{"--json", "--quiet", "--overwrite"} + flags);
    CHECK(ended.code == 0);
    CHECK(ended.err == "");
    return nlohmann::json::parse(ended.out);
  };
  const auto known = told({});
  CHECK(known["step"] == 3);
  CHECK(known["checkpoint"] == folder / "run/ckpt-3.safetensors");
  CHECK(known["drift_error"] > 0.01);
  CHECK(known["diffusion_error"] > 0.001);
  CHECK(told({"--data", paths_file(folder)}).size() == 2);
  CHECK(told({"--data", paths_file(folder), "--truth", "rotating-ou"}).contains("drift_error"));
  CHECK(told({"--diffusion", "0.5"})["diffusion_error"] == 0);
}

TEST_CASE("a fit by minutes ends by time") {
  const TemporaryFolder folder;
  const auto begin = std::chrono::steady_clock::now();
  const Ended ended = run_sde(fitting(folder / "run", 1) + Strings{"--minutes", "0.005"});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  CHECK(ended.code == 0);
  CHECK(find_checkpoint("auto", folder / "run")->step > 1);
  CHECK(seconds > 0.3);
  CHECK(seconds < 20);
}

}  // namespace dimwise::sde_train_tests
