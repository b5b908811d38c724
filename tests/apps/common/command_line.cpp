#include <algorithm>
#include <filesystem>

#include "apps/common/cli/common_flags.hpp"
#include "apps/common/cli/help.hpp"
#include "tests/apps/common/process.hpp"
#include "tests/apps/common/run_captured.hpp"
#include "tests/apps/common/temporary_folder.hpp"
#include "tests/catch.hpp"

namespace dimwise::command_line_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

// An app whose command prints its effective configuration.
struct Sample {
  CommonFlags flags;
  dimwise::DType dtype = dimwise::DType::float32;
  std::vector<int64_t> hidden{64, 64};
  std::vector<double> times{0, 0.1};
  double rtol = 1e-5;
  App app{"dimwise-sample", "shows what an app can be told"};

  Sample() {
    Command& train = app.command("train", "fits something");
    train.example("train --lr 0.01", "Fit with larger steps").example("train --resume", "Go on");
    train.section("Model").add("hidden", hidden, "widths of the hidden layers", at_least_one);
    train.add("times", times, "times to look at, in seconds");
    train.section("Training");
    add_seed(train, flags.seed);
    add_steps(train, flags);
    add_lr(train, flags);
    add_dtype(train, dtype);
    train.add("rtol", rtol, "relative tolerance", Range{.min = 0, .max = 1, .above_min = true});
    add_run(train, flags);
    train.does([](const Command& self) { std::cout << self.effective_config(); });
    app.command("show", "does nothing").does([](const Command&) {});
  }
};

Captured run(const std::vector<std::string>& words) {
  Sample sample;
  return run_captured(sample.app, words);
}

}  // namespace

TEST_CASE("the effective configuration repeats the run") {
  const TemporaryFolder folder;
  const auto first = run({"train", "--hidden", "8,9,10", "--times=-1,0.1,1e-300", "--lr", "0.1", "--rtol",
                          "0.30000000000000004", "--out", "a \"b\" #c\\d, é", "--seed", "9223372036854775807",
                          "--dtype", "float64", "--quiet", "--resume", "x"});
  REQUIRE(first.code == 0);
  REQUIRE_THAT(first.out, Contains("rtol = 0.30000000000000004") && Contains("hidden = [8, 9, 10]") &&
                              Contains("dtype = \"float64\"") && Contains("quiet = true") && Contains("steps = 1000") &&
                              !Contains("resume ="));
  write_text(folder / "config.toml", first.out);
  const auto second = run({"train", "--config", folder / "config.toml"});
  CHECK(second.err == "");
  CHECK(second.out == first.out);
}

TEST_CASE("a flag beats the file and the file beats the default") {
  const TemporaryFolder folder;
  write_text(folder / "c.toml", "seed = 5  # a comment\n\nsteps = 7\nquiet = true\nhidden = [ 3 ]\n");
  const auto ran = run({"train", "--steps", "8", "--config", folder / "c.toml", "--quiet=false"});
  REQUIRE(ran.code == 0);
  CHECK_THAT(ran.out, Contains("seed = 5\n") && Contains("steps = 8\n") && Contains("lr = 0.001\n") &&
                          Contains("quiet = false\n") && Contains("hidden = [3]\n"));
}

TEST_CASE("an empty list and an empty text can be set") {
  const TemporaryFolder folder;
  write_text(folder / "c.toml", "hidden = []\nout = \"\"\n");
  const auto ran = run({"train", "--config", folder / "c.toml"});
  CHECK_THAT(ran.out, Contains("hidden = []\n") && Contains("out = \"\"\n"));
  CHECK_THAT(run({"train", "--out", ""}).out, Contains("out = \"\"\n"));
}

TEST_CASE("the bare flags mean true and auto") {
  Sample sample;
  REQUIRE(run_captured(sample.app, {"train", "--resume", "--verbose"}).code == 0);
  CHECK(sample.flags.resume == "auto");
  CHECK(sample.flags.verbose);
  Sample other;
  REQUIRE(run_captured(other.app, {"train", "--resume", "runs/a", "--seed", "3"}).code == 0);
  CHECK(other.flags.resume == "runs/a");
  CHECK(other.flags.seed == 3);
}

TEST_CASE("usage errors exit with 2 and say what is wrong in one line") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {std::vector<std::string>{}, "needs a command. See dimwise-sample --help."},
      {{"trian"}, "does not know \"trian\". Did you mean train?"},
      {{"train", "--step", "5"}, "does not know \"--step\". Did you mean --steps?"},
      {{"train", "--zzz"}, "does not know \"--zzz\". See dimwise-sample train --help."},
      {{"train", "stray"}, "\"stray\""},
      {{"train", "--steps"}, "--steps"},
      {{"train", "--steps", "abc"}, "[--steps] must be a whole number of at least 1, not \"abc\""},
      {{"train", "--steps", "0"}, "of at least 1"},
      {{"train", "--steps", "1.5"}, "a whole number"},
      {{"train", "--seed", "9223372036854775808"}, "a whole number"},
      {{"train", "--seed", "-1"}, "of at least 0"},
      {{"train", "--lr", "0"}, "[--lr] must be a number above 0, not \"0\""},
      {{"train", "--lr", "nan"}, "a number above 0"},
      {{"train", "--rtol", "2"}, "a number above 0 to 1"},
      {{"train", "--hidden", "3,,4"}, "[--hidden]"},
      {{"train", "--hidden", "3,"}, "[--hidden]"},
      {{"train", "--quiet=perhaps"}, "[--quiet] must be true or false"},
      {{"train", "--dtype", "float23"}, "must be one of float32|float64, not \"float23\". Did you mean float32?"},
      {{"train", "--seed", "1", "--seed", "2"}, "[--seed] is given more than once"},
      {{"train", "--config", "/nowhere/c.toml"}, "cannot read \"/nowhere/c.toml\""},
      {{"train", "--config", "/"}, "cannot read"},
  };
  for (const auto& [words, text] : cases) {
    const auto ran = run(words);
    INFO(text);
    CHECK(ran.code == 2);
    CHECK(ran.out == "");
    CHECK_THAT(ran.err, Catch::Matchers::StartsWith("dimwise-sample: error: ") && Contains(text));
    CHECK(std::count(ran.err.begin(), ran.err.end(), '\n') == 1);
  }
}

TEST_CASE("an unknown key of the file is an error that names it") {
  const TemporaryFolder folder;
  write_text(folder / "c.toml", "seed = 1\nstesp = 7\n");
  const auto ran = run({"train", "--config", folder / "c.toml"});
  CHECK(ran.code == 2);
  CHECK_THAT(ran.err, Contains("c.toml:2] unknown key \"stesp\". Did you mean steps?"));
  write_text(folder / "c.toml", "steps = \"many\"\n");
  CHECK_THAT(run({"train", "--config", folder / "c.toml"}).err, Contains("c.toml:1: steps] must be a whole number"));
}

TEST_CASE("help shows examples first, then settings with their defaults") {
  const auto train = run({"train", "--help"});
  CHECK(train.code == 0);
  CHECK(train.err == "");
  CHECK(train.out.find("Examples:\n  # Fit with larger steps\n  dimwise-sample train --lr 0.01\n") <
        train.out.find("Usage:"));
  CHECK_THAT(train.out, Contains("--hidden N,N,...") && Contains("(default 64,64)") && Contains("(default 0.001)") &&
                            Contains("--resume [auto|PATH]") && Contains("--config FILE"));
  for (std::istringstream lines(train.out); lines;) {
    std::string line;
    std::getline(lines, line);
    CHECK(line.size() <= 80);
  }
  CHECK(run({"train", "-h"}).out == train.out);
  const auto all = run({"--help"});
  CHECK(all.code == 0);
  CHECK(run({"-h"}).out == all.out);
  CHECK_THAT(all.out, Contains("Examples:") && Contains("train") && Contains("does nothing"));
}

TEST_CASE("help fits the width it is given, and its examples can be pasted") {
  App app("dimwise-sample", "an app with long lines");
  std::string text, kind = "first";
  const std::vector<std::string> kinds{"first", "second", "a-third-of-many-letters", "a-fourth-of-many-letters"};
  Command& c = app.command("train", "fits something");
  c.example("train --text \"two words, and many more of them, that stay together\" --kind second --last 1", "Long");
  c.add("text", text,
        "a text of " + std::string(30, 'a') + " and " + std::string(70, 'b') + " in which a word is long");
  c.add_choice("kind", kind, kinds, "what it is");
  for (const size_t width : {60, 80, 100, 120}) {
    const std::string shown = help(c, width);
    std::istringstream lines(shown);
    for (std::string line; std::getline(lines, line);) {
      INFO(width << ": " << line);
      CHECK((line.size() <= width || line.find(std::string(70, 'b')) != std::string::npos ||
             line.find("--text \"two") != std::string::npos));
    }
    // The words of the example are those of its definition.
    std::string pasted = shown.substr(shown.find("  dimwise-sample train"));
    pasted = pasted.substr(0, pasted.find("\n\n"));
    for (size_t at = pasted.find("\\\n"); at != std::string::npos; at = pasted.find("\\\n")) pasted.erase(at, 2);
    std::string joined;
    for (std::istringstream words(pasted); words >> text;) joined += (joined.empty() ? "" : " ") + text;
    CHECK(joined == "dimwise-sample " + c.examples()[0].first);
  }
  CHECK_THAT(help(c, 60), Contains("--kind WORD") && Contains("one of first,"));
  CHECK_THAT(help(c, 120), Contains("--kind first|second|a-third-of-many-letters|a-fourth-of-many-letters"));
}

TEST_CASE("bash completes commands, flags, words and files") {
  const Sample sample;
  const auto completed = [&](const std::string& words, int at) {
    const TemporaryFolder folder;
    write_text(folder / "c.sh", run({"--completion", "bash"}).out);
    std::filesystem::create_directory(folder / "some-run");
    const std::string script = "cd '" + (folder / "") + "' && source ./c.sh && COMP_WORDS=(dimwise-sample " + words +
                               ") && COMP_CWORD=" + std::to_string(at) + " && _dimwise_sample && echo ${COMPREPLY[@]}";
    return Process("/bin/bash", {"-c", script}).wait().out;
  };
  CHECK(completed("tr", 1) == "train\n");
  CHECK(completed("train --hid", 2) == "--hidden\n");
  CHECK(completed("train --dtype fl", 3) == "float32 float64\n");
  CHECK(completed("train --out some", 3) == "some-run\n");
  CHECK(run({"--completion", "fish"}).code == 2);
}

TEST_CASE("the manual page has every flag with its help, as text of roff") {
  const auto page = run({"--man"});
  CHECK(page.code == 0);
  const Sample sample;
  for (const Command& command : sample.app.commands())
    for (const Setting& setting : command.settings()) {
      std::string flag = "--" + setting.name;
      for (size_t at = 0; (at = flag.find('-', at)) != std::string::npos; at += 2) flag.insert(at, "\\");
      CHECK_THAT(page.out, Contains("\\fB" + flag + "\\fR"));
    }
  CHECK_THAT(page.out, Contains(".TH DIMWISE\\-SAMPLE 1") && Contains(".SH EXIT STATUS"));
}

TEST_CASE("the version is shown") {
  const auto ran = run({"--version"});
  CHECK(ran.code == 0);
  CHECK(ran.out == "dimwise-sample " DIMWISE_VERSION "\n");
}

}  // namespace dimwise::command_line_tests
