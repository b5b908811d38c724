#include <pty.h>

#include <algorithm>

#include "tests/apps/cnf/cnf_run.hpp"
#include "tests/catch.hpp"
#include "tests/data.hpp"

namespace dimwise::cnf_command_line_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

// What appears on a terminal of 80 columns.
std::string on_terminal(const Strings& words, bool color) {
  std::vector<char*> argv{const_cast<char*>(DIMWISE_CNF)};
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  int screen = -1;
  const winsize size{24, 80, 0, 0};
  const pid_t id = forkpty(&screen, nullptr, nullptr, &size);
  if (id == 0) {
    setenv("TERM", "xterm", 1);
    color ? unsetenv("NO_COLOR") : setenv("NO_COLOR", "1", 1);
    execv(argv[0], argv.data());
    _exit(127);
  }
  std::string text;
  char part[4096];
  for (ssize_t n; (n = read(screen, part, sizeof part)) > 0;) text.append(part, static_cast<size_t>(n));
  int status = 0;
  waitpid(id, &status, 0);
  close(screen);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  return text;
}

}  // namespace

TEST_CASE("help of every command comes on stdout, examples first, no wider than a page") {
  for (const std::string command : {"", "train", "eval", "score", "sample", "grid", "plot"}) {
    const Ended ended = run_cnf(command.empty() ? Strings{"--help"} : Strings{command, "--help"});
    INFO(ended.out);
    CHECK(ended.code == 0);
    CHECK(ended.err == "");
    CHECK(ended.out.find('\x1b') == std::string::npos);
    CHECK(ended.out.find("Examples:\n") < ended.out.find("Usage: "));
    if (!command.empty()) CHECK_THAT(ended.out, Contains("(default ") && Contains("--config FILE"));
    std::istringstream lines(ended.out);
    for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 100);
  }
  const std::string train = run_cnf({"train", "--help"}).out;
  for (const char* flag : {"seed", "steps", "batch-size", "lr", "out", "resume", "checkpoint-every", "log-every",
                           "eval-every", "dtype", "quiet", "verbose", "no-progress", "data", "debug-nans", "json"})
    CHECK_THAT(train, Contains("--" + std::string(flag) + " ") || Contains("--" + std::string(flag) + "\n"));
}

TEST_CASE("the version comes on stdout") {
  const Ended ended = run_cnf({"--version"});
  CHECK(ended.code == 0);
  CHECK(ended.out == "dimwise-cnf " DIMWISE_VERSION "\n");
  CHECK(ended.err == "");
}

TEST_CASE("usage errors end with 2 and tell the remedy") {
  const TemporaryFolder folder;
  write_text(folder / "unknown.toml", "steps = 5\nhiden = [8]\n");
  write_text(folder / "letter.toml", "steps = 5\nout = [\"größe\", größe]\n");
  struct Case {
    Strings words;
    std::string text;
  };
  const Case cases[]{
      {{}, "needs a command. See dimwise-cnf --help."},
      {{"trian"}, "does not know \"trian\". Did you mean train? See dimwise-cnf --help."},
      {{"train", "--hiden", "8"}, "does not know \"--hiden\". Did you mean --hidden? See dimwise-cnf train --help."},
      {{"train", "--config", folder / "unknown.toml"}, "unknown.toml:2] unknown key \"hiden\". Did you mean hidden?"},
      {{"train", "--config", folder / "none.toml"}, "none.toml\". Give the path of a configuration file."},
      {{"train", "--config", folder / "letter.toml"}, "letter.toml:2]"},
      {{"train", "--activation", "relu"}, "tanh|softplus|silu|sigmoid|gelu|sin"},
      {{"train", "--method", "rk5"}, "Did you mean rk4?"},
      {{"train", "--steps", "0"}, "[--steps] must be a whole number of at least 1, not \"0\""},
      {{"train", "--out", ""}, "[--out] is empty"},
      {{"eval", "--trace", "exakt"}, "Did you mean exact?"},
      {{"sample", "--n", "-1"}, "[--n] must be a whole number of at least 1"},
      {{"plot", "--seed", "1", "--seed", "2"}, "[--seed] is given more than once"},
  };
  for (const Case& c : cases) {
    const Ended ended = run_cnf(c.words);
    INFO(c.text);
    CHECK(ended.code == 2);
    CHECK(ended.out == "");
    CHECK_THAT(ended.err, Catch::Matchers::StartsWith("dimwise-cnf: error: [") && Contains(c.text));
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  }
}

TEST_CASE("what cannot be written ends with 1 and tells the remedy") {
  const TemporaryFolder folder;
  write_text(folder / "file", "");
  for (const std::string& out : {folder / "file", folder / "file/run", std::string("/proc/none/run")}) {
    const Ended ended = run_cnf(training("moons", out, 3));
    CHECK(ended.code == 1);
    CHECK(ended.out == "");
    CHECK_THAT(ended.err, Contains("cannot make the folder \"" + out + "\"") && Contains("Choose another --out."));
  }
  const Ended full = run_cnf(training("moons", folder / "run", 3), {.standard_output = "/dev/full"});
  CHECK(full.code == 1);
  CHECK_THAT(full.err, Contains("[stdout] cannot be written. Is the disk full?"));
}

TEST_CASE("off a terminal nothing is rewritten and there are no escape codes") {
  const TemporaryFolder folder;
  const Ended ended = run_cnf(training("moons", folder / "run", 6) + Strings{"--verbose"});
  REQUIRE(ended.code == 0);
  for (const std::string& text : {ended.out, ended.err, read_text(folder / "run/log.txt")}) {
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find('\r') == std::string::npos);
  }
  CHECK_THAT(ended.err, Contains("step 6/6 100% | 00:00 left") && Contains("validation nll"));
  CHECK(run_cnf(training("moons", folder / "run", 6) + Strings{"--quiet", "--overwrite"}).err == "");
  CHECK_THAT(run_cnf(training("moons", folder / "run", 6) + Strings{"--no-progress", "--overwrite"}).err,
             !Contains("step "));
}

TEST_CASE("on a terminal the progress line is rewritten, unless NO_COLOR is set") {
  int screen = -1, keyboard = -1;
  if (openpty(&screen, &keyboard, nullptr, nullptr, nullptr) != 0) {
    skip("this system gives no pseudo-terminal (is /dev/pts mounted?)");
    return;
  }
  close(screen);
  close(keyboard);
  const TemporaryFolder folder;
  const Strings words = training("moons", folder / "run", 60) + Strings{"--overwrite"};
  const std::string rewritten = on_terminal(words, true), plain = on_terminal(words, false);
  CHECK_THAT(rewritten, Contains("\rstep 60/60 100%") && Contains("\x1b[K"));
  CHECK(plain.find('\x1b') == std::string::npos);
  CHECK_THAT(plain, Contains("step 60/60 100%"));
  // Nothing reaches the right edge, where a terminal would wrap.
  for (size_t at = rewritten.find("\rstep "); at != std::string::npos; at = rewritten.find("\rstep ", at + 1))
    CHECK(rewritten.find('\x1b', at) - at <= 80);
}

}  // namespace dimwise::cnf_command_line_tests
