#include "apps/common/run/saved_settings.hpp"

#include <nlohmann/json.hpp>

#include "autodiff/base/error.hpp"
#include "tests/catch.hpp"

namespace dimwise::saved_settings_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

struct Values {
  bool on = false;
  int64_t n = 3, steps = 10;
  double lr = 0.1;
  std::string text = "plain", kind = "a";
  std::vector<int64_t> widths = {8};
  std::vector<double> none;
};

Command command_of(Values& v) {
  Command c("dimwise-test", "train", "");
  c.add("on", v.on, "");
  c.add("n", v.n, "", at_least_one);
  c.add("lr", v.lr, "", positive);
  c.add("text", v.text, "");
  c.add_choice("kind", v.kind, std::vector<std::string>{"a", "b"}, "");
  c.add("widths", v.widths, "", at_least_one);
  c.add("none", v.none, "");
  c.add("image height", v.n, "");
  c.add("steps", v.steps, "").not_in_checkpoint();
  return c;
}

Checkpoint written(const std::string& settings) {
  return {1, {}, {{"command", "dimwise-test train"}, {"settings", settings}}, "c", {}};
}

}  // namespace

TEST_CASE("settings come back from a checkpoint as they were saved") {
  Values v{true, 7, 20, 1.0 / 3, "a \"b\", \\ c", "b", {64, 32}, {}};
  const nlohmann::ordered_json saved = saved_settings(command_of(v));
  CHECK_FALSE(saved.contains("steps"));
  Values back;
  back.none = {1};
  restore_settings(command_of(back), written(saved.dump()));
  CHECK(saved_settings(command_of(back)) == saved);
  CHECK(back.text == v.text);
  CHECK(back.lr == v.lr);
  CHECK(back.widths == v.widths);
  CHECK(back.none.empty());
  CHECK(back.steps == 10);
}

TEST_CASE("a checkpoint of another version or command is refused, never misread") {
  Values v;
  const auto restoring = [&](const Checkpoint& checkpoint) { restore_settings(command_of(v), checkpoint); };
  nlohmann::ordered_json saved = saved_settings(command_of(v));
  saved.erase("lr");
  CHECK_THROWS_AS(restoring(written(saved.dump())), CheckpointError);
  CHECK_THROWS_WITH(restoring(written(saved.dump())), Contains("lacks \"lr\""));
  for (const char* wrong : {"-1", "{\"a\": 1}", "\"fast\"", "null", "[1, 2]"}) {
    saved["lr"] = nlohmann::ordered_json::parse(wrong);
    CHECK_THROWS_AS(restoring(written(saved.dump())), CheckpointError);
  }
  for (const char* text : {"", "{", "[]", "3"}) CHECK_THROWS_AS(restoring(written(text)), CheckpointError);
  Checkpoint other = written("{}");
  other.metadata["command"] = "dimwise-cnf train";
  CHECK_THROWS_WITH(restoring(other), Contains("was not written by dimwise-test train, but by dimwise-cnf train"));
  other.metadata = {{"model", "{}"}};
  CHECK_THROWS_AS(restoring(other), CheckpointError);
  CHECK_THROWS_WITH(restoring(other), Contains("another program or an older version"));
}

}  // namespace dimwise::saved_settings_tests
