// What the executables need and leave: no privileges, and nothing outside of --out.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/apps/common/trainings.hpp"
#include "tests/catch.hpp"
#include "tests/data.hpp"

namespace dimwise::footprint_tests {

using namespace dimwise::app;

namespace {

namespace fs = std::filesystem;

// Every file and folder below a path, with its contents.
std::map<std::string, std::string> listing(const std::string& path) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(path))
    all[entry.path().string()] = entry.is_regular_file() ? read_text(entry.path().string()) : "";
  return all;
}

struct Command {
  std::string executable;
  Strings words;
};

// Every command of every app, with training first; `out` is where each may write.
std::vector<Command> commands(const std::string& out) {
  std::vector<Command> all;
  const auto add = [&](const char* executable, const std::vector<Strings>& more) {
    for (const Strings& words : more) all.push_back({executable, words});
  };
  add(DIMWISE_CNF, {training("moons", out + "/cnf", 5),
                    {"eval", "--out", out + "/cnf"},
                    {"score", "--out", out + "/cnf", "--file", out + "/cnf/scores.csv"},
                    {"grid", "--out", out + "/cnf", "--grid", "8", "--file", out + "/cnf/grid.csv"},
                    {"sample", "--out", out + "/cnf", "--n", "5", "--file", out + "/cnf/sample.csv"},
                    {"plot", "--out", out + "/cnf", "--grid", "8", "--n", "20", "--paths", "2"},
                    {"info", out + "/cnf"}});
  add(DIMWISE_SDE, {fitting(out + "/sde", 5),
                    {"eval", "--out", out + "/sde"},
                    {"bootstrap", "--out", out + "/sde", "--replicates", "2"},
                    {"grid", "--out", out + "/sde", "--points", "3", "--file", out + "/grid.csv"},
                    {"plot", "--out", out + "/sde"},
                    {"simulate", "--system", "double-well", "--paths", "5", "--out", out + "/well.csv"}});
  add(DIMWISE_VAE, {small_vae("planar", out + "/vae", 1),
                    {"eval", "--out", out + "/vae", "--samples", "2"},
                    {"sample", "--out", out + "/vae", "--n", "4"},
                    {"reconstruct", "--out", out + "/vae", "--n", "4"},
                    {"table", "--runs", out + "/vae", "--out", out + "/table"}});
  add(DIMWISE_ODE,
      {tiny_experiment("cnf", out + "/ode", 2),
       {"problems"},
       {"solve", "--problem", "logistic", "--out", out + "/solve"},
       {"race", "--problem", "detest-b1", "--methods", "dopri5", "--rtols", "1e-3", "--out", out + "/race"}});
  return all;
}

}  // namespace

TEST_CASE("the executables run as a user without rights, and write nothing but below --out") {
  const TemporaryFolder folder;
  fs::permissions(folder / "", fs::perms::owner_all | fs::perms::group_all | fs::perms::others_all);
  for (const char* name : {"home", "here", "temporary", "out"}) {
    fs::create_directory(folder / name);
    fs::permissions(folder / name, fs::perms::all);
  }
  write_text(folder / "home/.profile", "mine");
  write_text(folder / "here/rows.csv", "a,b\n1,2\n");
  const Surroundings around{.environment = {{"HOME", folder / "home"},
                                            {"TMPDIR", folder / "temporary"},
                                            {"XDG_CACHE_HOME", folder / "home"},
                                            {"XDG_CONFIG_HOME", folder / "home"}},
                            .current_folder = folder / "here",
                            .unprivileged = true};
  if (Process(DIMWISE_CNF, {"--version"}, around).wait().code != 0)
    return skip("another user cannot reach the executables");
  const auto outside = [&] {
    auto all = listing(folder / "");
    std::erase_if(all, [&](const auto& entry) { return entry.first.starts_with(folder / "out/"); });
    return all;
  };
  const auto untouched = outside();
  for (const Command& command : commands(folder / "out")) {
    INFO(command.executable << ' ' << command.words[0]);
    const Ended ended = Process(command.executable, command.words, around).wait();
    INFO(ended.err);
    CHECK(ended.code == 0);
    CHECK((outside() == untouched));
  }
  CHECK(fs::exists(folder / "out/cnf/latest"));
  CHECK(fs::exists(folder / "out/well.csv"));
}

}  // namespace dimwise::footprint_tests
