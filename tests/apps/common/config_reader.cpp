#include <sstream>

#include "apps/common/cli/config_file.hpp"
#include "apps/common/cli/exit_code.hpp"
#include "tests/catch.hpp"

namespace dimwise::config_reader_tests {

using namespace dimwise::app;

namespace {

std::vector<ConfigLine> parse(const std::string& text) {
  std::istringstream in(text);
  return read_config(in, "c.toml");
}

std::string value(const std::string& text) { return parse("key = " + text).at(0).value; }

}  // namespace

TEST_CASE("values of a configuration are read") {
  CHECK(value("12") == "12");
  CHECK(value("-1.5e-3 # small") == "-0.0015");
  CHECK(value("3.0") == "3.0");
  CHECK(value("2e3") == "2000.0");
  CHECK(value("true") == "true");
  CHECK(value("\"a # b, c = 'd'\"") == "a # b, c = 'd'");
  CHECK(value("\"tab\\t quote\\\" back\\\\slash\\n\"") == "tab\t quote\" back\\slash\n");
  CHECK(value("'C:\\new'") == "C:\\new");
  CHECK(value("[1, 2.5,3 ]") == "1,2.5,3");
  CHECK(value("[]").empty());
  CHECK(value("[\n 1, # one\n 'a',\n]") == "1,a");
  CHECK(parse("\"key\" = 1").at(0).key == "key");
  CHECK(parse("b = 1\na = 2").at(0).key == "b");
  CHECK(parse("\n# only a comment\n   \r\nlog-every=3\r\n").at(0).line == 4);
}

TEST_CASE("what is no configuration is refused with its line") {
  const std::string bad =
      GENERATE("key", "key =", "= 3", "[table]", "key = bare", "key = \"open", "key = 'open", "key = \"\\q\"",
               "key = \"\\", "key = [1, 2", "key = [1 2]", "key = [[1]]", "key = 1 2", "key = 1979-05-27T07",
               "key = inf", "a.b = 1", "key = {a = 1}", "key == 1", "key = nan", "key = [inf]");
  INFO(bad);
  CHECK_THROWS_AS(parse("first = 1\n" + bad), UsageError);
  CHECK_THROWS_WITH(parse("first = 1\n" + bad), Catch::Matchers::Contains("c.toml:2"));
}

TEST_CASE("a repeated key and a huge file are refused") {
  CHECK_THROWS_WITH(parse("a = 1\na = 2"),
                    Catch::Matchers::Contains("c.toml:2") && Catch::Matchers::Contains("redefine"));
  CHECK_THROWS_AS(parse(std::string(2 << 20, '#')), UsageError);
}

TEST_CASE("any text survives quoting") {
  for (const std::string text : {"", "plain", "a\"b", "back\\", "#", "line\nbreak\t'x'", "[1, 2]", "é"})
    CHECK(value(toml_quote(text)) == text);
}

}  // namespace dimwise::config_reader_tests
