// dimwise-sde simulate: its help, its refusals, and the tables it writes.
#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "nn/io/csv.hpp"
#include "nn/io/npy.hpp"
#include "nn/io/npz.hpp"
#include "tests/apps/sde/sde_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::sde_simulate_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

Strings simulation(const std::string& system, const std::string& out) {
  return {"simulate", "--system", system, "--paths", "6", "--observations", "5", "--dt", "0.05", "--out", out};
}

}  // namespace

TEST_CASE("help of dimwise-sde comes on stdout, examples first, no wider than a page") {
  for (const std::string command : {"", "simulate", "train", "eval", "plot", "grid", "bootstrap", "compare", "info"}) {
    const Ended ended = run_sde(command.empty() ? Strings{"--help"} : Strings{command, "--help"});
    INFO(ended.out);
    CHECK(ended.code == 0);
    CHECK(ended.err == "");
    if (!command.empty()) CHECK(ended.out.find("Examples:\n") < ended.out.find("Usage: "));
    std::istringstream lines(ended.out);
    for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 100);
  }
}

TEST_CASE("usage errors of dimwise-sde simulate end with 2 and tell the remedy") {
  const TemporaryFolder folder;
  struct Case {
    Strings words;
    std::string text;
  };
  const std::string out = folder / "x.csv";
  const Case cases[]{
      {{"simulat"}, "Did you mean simulate?"},
      {{"simulate"}, "needs one of --system NAME and --model RUN"},
      {simulation("double-wel", out), "Did you mean double-well?"},
      {simulation("ou", out) + Strings{"--method", "milstien"}, "Did you mean milstein?"},
      {simulation("ou", out) + Strings{"--times", "unifrm"}, "Did you mean uniform?"},
      {{"simulate", "--system", "ou", "--observations", "1", "--out", out}, "must be at least 2"},
      {simulation("ou", out) + Strings{"--figure", "x.gif"}, "must end in .png, .svg or .pdf"},
      {simulation("ou", folder / "x.txt"), "must end in .csv, .npy or .npz, or be -"},
      {simulation("coupled", out) + Strings{"--d", "65"}, "coupled has 2 to 64"},
      {simulation("double-well", out) + Strings{"--sigma", "-1"}, "[--sigma] must be a number above 0"},
  };
  for (const Case& c : cases) {
    const Ended ended = run_sde(c.words);
    INFO(c.text);
    CHECK(ended.code == 2);
    CHECK(ended.out == "");
    CHECK_THAT(ended.err, Contains(c.text));
  }
}

TEST_CASE("one seed gives one file, quiet or not; another seed another") {
  const TemporaryFolder folder;
  const auto file = [&](const std::string& name, const Strings& more) {
    const Ended ended = run_sde(simulation("coupled", folder / name) + more);
    INFO(ended.err);
    CHECK(ended.code == 0);
    return read_text(folder / name);
  };
  const std::string first = file("a.csv", {});
  CHECK(file("b.csv", {"--quiet"}) == first);
  CHECK(file("c.csv", {"--seed", "1"}) != first);
  CHECK(file("d.csv", {"--times", "random"}) != first);
}

TEST_CASE("the table has a row for each observation, alike in every format") {
  const TemporaryFolder folder;
  for (const std::string file : {"x.csv", "x.npy", "x.npz"})
    REQUIRE(run_sde(simulation("rotating-ou", folder / file)).code == 0);
  const Csv csv = load_csv(folder / "x.csv");
  CHECK(csv.columns == Strings{"t", "path", "group", "x1", "x2"});
  CHECK(csv.values.shape() == Shape{30, 5});
  CHECK(load_npy(folder / "x.npy").values() == csv.values.values());
  const auto npz = load_npz(folder / "x.npz");
  CHECK(npz.at("x").shape() == Shape{30, 2});
  CHECK(npz.at("t").values()[4] == 3);
  CHECK(npz.at("group").values()[5] == 1);
}

TEST_CASE("unpaired, each path is seen once, and each group at every time") {
  const TemporaryFolder folder;
  REQUIRE(run_sde(simulation("ou", folder / "x.npz") + Strings{"--unpaired", "--times", "random"}).code == 0);
  const auto npz = load_npz(folder / "x.npz");
  const auto t = npz.at("t").values(), path = npz.at("path").values(), group = npz.at("group").values();
  CHECK(std::set<double>(path.begin(), path.end()).size() == 30);
  std::set<std::pair<double, double>> seen;
  for (size_t i = 0; i < t.size(); ++i) seen.insert({t[i], group[i]});
  CHECK(seen.size() == 5 * 2);
  CHECK(*std::max_element(t.begin(), t.end()) <= 2);
}

TEST_CASE("with --json stdout is one object; pictures are written; what cannot be written ends with 1") {
  const TemporaryFolder folder;
  const Ended ended =
      run_sde(simulation("pendulum", folder / "x.csv") + Strings{"--json", "--quiet", "--figure", folder / "x.png"});
  CHECK(ended.code == 0);
  CHECK(ended.err == "");
  CHECK(nlohmann::json::parse(ended.out)["rows"] == 30);
  CHECK(read_text(folder / "x.png").starts_with("\x89PNG"));
  const auto drawn = [&](const Strings& more) {
    return run_sde(simulation("ou", folder / "y.csv") + Strings{"--quiet"} + more).code;
  };
  CHECK(drawn({"--figure", folder / "a.pdf"}) == 0);
  CHECK(read_text(folder / "a.pdf").starts_with("%PDF"));
  CHECK(drawn({"--figure", folder / "b.png", "--format", "svg,pdf"}) == 0);
  CHECK(read_text(folder / "b.svg").starts_with("<?xml"));
  CHECK(read_text(folder / "b.pdf").starts_with("%PDF"));
  CHECK_FALSE(std::filesystem::exists(folder / "b.png"));
  CHECK(drawn({"--figure", folder / "no/such/c.png"}) == 1);
  const Ended failed = run_sde(simulation("ou", folder / "no/such/folder/x.csv"));
  CHECK(failed.code == 1);
  CHECK_THAT(failed.err, Contains("Choose another --out"));
  const Ended diverged = run_sde(
      {"simulate", "--system", "double-well", "--sigma", "50", "--dt", "1", "--out", folder / "y.csv", "--quiet"});
  CHECK(diverged.code == 4);
  CHECK_THAT(diverged.err, Contains("becomes NaN or infinite at t = "));
}

}  // namespace dimwise::sde_simulate_tests
