// info: what a run is, in every app; and what a damaged record of a run says.
#include "nn/io/safetensors.hpp"
#include "tests/apps/common/trainings.hpp"
#include "tests/catch.hpp"

namespace dimwise::run_info_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

TEST_CASE("info tells the settings, the data, the scores and the tensors of a run of any kind") {
  const TemporaryFolder folder;
  for (const Training& kind : trainings(folder)) {
    INFO(kind.app << ' ' << kind.name);
    const std::string out = folder / (kind.app + kind.name.substr(kind.name.find_last_of('/') + 1));
    const Ended trained = Process(kind.executable, kind.words(out) + Strings{"--no-progress"}).wait();
    REQUIRE(trained.code == 0);
    const std::string newest = out + "/ckpt-" + std::to_string(kind.steps) + ".safetensors";
    const Ended text = Process(kind.executable, {"info", out}).wait(),
                flag = Process(kind.executable, {"info", "--out", newest}).wait();
    CHECK(text.code == 0);
    CHECK(text.err == "");
    CHECK(text.out == flag.out);
    CHECK_THAT(text.out, Contains("checkpoint  " + newest + ", step " + std::to_string(kind.steps)) &&
                             Contains("trained by  dimwise-" + kind.app + " "));
    const Ended json = Process(kind.executable, {"info", out, "--json"}).wait();
    const auto told = nlohmann::json::parse(json.out);
    CHECK(told["step"] == kind.steps);
    CHECK(told["version"] == DIMWISE_VERSION);
    CHECK(told["metrics"]["step"] > 0);
    const auto saved = load_safetensors(newest).tensors;
    REQUIRE(told["tensors"].size() == saved.size());
    for (const auto& each : told["tensors"]) {
      const Tensor& tensor = saved.at(each["name"]);
      CHECK(each["shape"] == tensor.shape());
      CHECK(each["dtype"] == name(tensor.dtype()));
      if (each["name"].get<std::string>().starts_with("model."))
        CHECK_THAT(text.out, Contains("  " + each["name"].get<std::string>() + " "));
    }
  }
}

TEST_CASE("info refuses a run of another app, and shows settings that are not the default") {
  const TemporaryFolder folder;
  REQUIRE(run_cnf(training("moons", folder / "run", 10) + Strings{"--lr", "0.003"}).code == 0);
  const Ended own = run_cnf({"info", folder / "run"});
  CHECK_THAT(own.out, Contains("--lr                             0.003\n") && !Contains("--seed") &&
                          Contains("no scores: there is no eval.json"));
  CHECK_THAT(run_cnf({"info", folder / "run", "--all"}).out, Contains("--seed ") && Contains("optimizer."));
  const Ended other = run_sde({"info", folder / "run"});
  CHECK(other.code == 5);
  CHECK_THAT(other.err, Contains("was not written by dimwise-sde train, but by dimwise-cnf train"));
  CHECK(run_cnf({"info", folder / "none"}).code == 5);
  CHECK(run_cnf({"info", folder / "run", "more"}).code == 2);
}

TEST_CASE("a damaged line of metrics.jsonl is named, and no library speaks") {
  const TemporaryFolder folder;
  REQUIRE(run_cnf(training("moons", folder / "run", 20) + Strings{"--log-every", "5"}).code == 0);
  const std::string path = folder / "run/metrics.jsonl", whole = read_text(path);
  for (const char* damaged :
       {"{\"step\": \"ten\", \"nll\": 1}\n", "[1, 2]\n", "\n", "{\"nll\": 1}\n", "\x01\x02\xff\n"}) {
    write_text(path, damaged + whole);
    for (const char* command : {"plot", "info"}) {
      const Ended ended = run_cnf({command, "--out", folder / "run"});
      INFO(ended.err);
      CHECK(ended.code == 3);
      CHECK_THAT(ended.err, Contains("metrics.jsonl: line 1 is damaged") && Contains("Delete the line") &&
                                !Contains("json.exception"));
    }
  }
  write_text(path, whole + "{\"step\": 25, \"nl");  // cut short by a kill
  CHECK(run_cnf({"info", folder / "run"}).code == 0);
  write_text(path, whole);
  write_text(folder / "run/eval.json", "{\"log_likelihood\": ");
  const Ended ended = run_cnf({"info", folder / "run"});
  CHECK(ended.code == 3);
  CHECK_THAT(ended.err, Contains("eval.json is damaged"));
}

}  // namespace dimwise::run_info_tests
