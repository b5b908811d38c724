// scripts/fetch-data.sh as its user runs it: on its own table, and, in a copy, on a table of small files.
#include <algorithm>
#include <filesystem>

#include "apps/common/data/data_file.hpp"
#include "apps/common/data/standard_files.hpp"
#include "apps/vae/data/images.hpp"
#include "autodiff/base/error.hpp"
#include "tests/apps/common/environment.hpp"
#include "tests/apps/common/process.hpp"
#include "tests/catch.hpp"
#include "tests/data.hpp"

namespace dimwise::fetch_data_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

const std::string script = DIMWISE_SOURCE_DIR "/scripts/fetch-data.sh";

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

void write_program(const std::string& path, const std::string& text) {
  write_text(path, "#!/usr/bin/env bash\n" + text);
  fs::permissions(path, fs::perms::owner_all);
}

// The script with a table of two sets, `abc`, which public addresses have, and `hello`, which none has.
class Small {
 public:
  Small() {
    for (const char* name : {"scripts", "apps/common/data", "from/abc", "bin"}) fs::create_directories(folder / name);
    fs::copy(script, copy_);
    write_text(
        folder / "apps/common/data/standard_files.inc",
        "// Set, path.\n"
        "{\"abc\", \"abc/abc.gz\", 3, \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\", "
        "\"https://one.example/abc https://two.example/abc\"},\n"
        "{\"hello\", \"hello/hello.gz\", 5, \"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\", "
        "\"\"},\n");
    write_text(folder / "from/abc/abc.gz", "abc");
    write_text(folder / "from/hello.gz", "hello");
    // The tests' own curl is found before the system's.
    around.environment["PATH"] = folder / "bin:" + std::getenv("PATH");
  }

  Words words(const Words& more) const { return Words{copy_, "--to", to} + more; }
  Ended run(const Words& more) const { return Process("/bin/bash", words(more), around).wait(); }
  std::string mirror() const { return "file://" + folder / "from/abc"; }

  // All files below the target, finished or not.
  int64_t files() const {
    if (!fs::exists(to)) return 0;
    return std::count_if(fs::recursive_directory_iterator(to), fs::recursive_directory_iterator(),
                         [](const auto& e) { return e.is_regular_file(); });
  }

  TemporaryFolder folder;
  const std::string to = folder / "to";
  Surroundings around;

 private:
  const std::string copy_ = folder / "scripts/fetch-data.sh";
};

// Writes part of the file to where curl would, and then does something else.
std::string partial_curl(const std::string& then) {
  return "while [ $# -gt 0 ]; do\n  if [ \"$1\" = --output ]; then printf ab >\"$2\"; fi\n  shift\ndone\n" + then +
         "\n";
}

}  // namespace

TEST_CASE("fetch-data.sh lists the files that the executables look for") {
  std::string expected;
  for (const StandardFile& f : standard_files())
    expected += f.set + " " + f.path + " " + std::to_string(f.bytes) + " " + f.sha256 + "\n";
  const Ended ended = Process("/bin/bash", {script, "--list"}).wait();
  CHECK(ended.code == 0);
  CHECK(ended.err == "");
  CHECK(ended.out == expected);
  CHECK(standard_files().size() == 11);
}

TEST_CASE("fetch-data.sh copies from a folder of sets and from a folder of files, once") {
  const Small small;
  const Ended ended = small.run({"abc", "hello", "--from", small.folder / "from"});
  INFO(ended.err);
  CHECK(ended.code == 0);
  CHECK(read_text(small.to + "/abc/abc.gz") == "abc");
  CHECK(read_text(small.to + "/hello/hello.gz") == "hello");
  CHECK(small.files() == 2);
  const auto written = fs::last_write_time(small.to + "/abc/abc.gz");
  fs::remove(small.folder / "from/abc/abc.gz");
  const Ended again = small.run({"abc", "--from", small.folder / "from"});
  CHECK(again.code == 0);
  CHECK_THAT(again.out, Contains("abc/abc.gz: already there"));
  CHECK(fs::last_write_time(small.to + "/abc/abc.gz") == written);
}

TEST_CASE("fetch-data.sh refuses a source of other bytes and writes nothing") {
  const Small small;
  const auto refused = [&](const std::string& contents, const std::string& why) {
    write_text(small.folder / "from/abc/abc.gz", contents);
    const Ended ended = small.run({"abc", "--from", small.folder / "from"});
    INFO(contents);
    CHECK(ended.code == 1);
    CHECK_THAT(ended.err, Contains(why));
    CHECK(small.files() == 0);
  };
  refused("abd", "has SHA-256 a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9 instead of ba7816bf");
  refused("ab", "has 2 bytes instead of 3");
  refused("", "has 0 bytes instead of 3");
  fs::remove(small.folder / "from/abc/abc.gz");
  CHECK_THAT(small.run({"abc", "--from", small.folder / "from"}).err, Contains("from/abc.gz is there"));
}

TEST_CASE("fetch-data.sh leaves a file that is there and wrong as it is") {
  const Small small;
  fs::create_directories(small.to + "/abc");
  write_text(small.to + "/abc/abc.gz", "mine");
  const Ended ended = small.run({"abc", "--from", small.folder / "from"});
  CHECK(ended.code == 1);
  CHECK_THAT(ended.err, Contains("has 4 bytes instead of 3. Delete it or move it away, and run this again"));
  CHECK(read_text(small.to + "/abc/abc.gz") == "mine");
}

TEST_CASE("fetch-data.sh downloads what is published, whole or not at all") {
  const Small small;
  if (Process("/bin/bash", {"-c", "command -v curl"}).wait().code != 0) {
    skip("curl is not installed");
    return;
  }
  CHECK(small.run({"abc", "--mirror", "file://" + small.folder / "nowhere"}).code == 1);
  CHECK(small.files() == 0);
  const Ended ended = small.run({"abc", "--mirror", small.mirror()});
  INFO(ended.err);
  CHECK(ended.code == 0);
  CHECK(read_text(small.to + "/abc/abc.gz") == "abc");
  CHECK(small.files() == 1);
}

TEST_CASE("fetch-data.sh asks the mirrors in turn, and leaves nothing of a download that broke off") {
  const Small small;
  write_program(small.folder / "bin/curl", partial_curl("echo asked \"$1\" >&2; exit 18"));
  const Ended ended = small.run({"abc"});
  CHECK(ended.code == 1);
  for (const char* mirror :
       {"https://one.example/abc/abc.gz could not be read", "https://two.example/abc/abc.gz could not be read"})
    CHECK_THAT(ended.err, Contains(mirror));
  CHECK(small.files() == 0);
}

TEST_CASE("fetch-data.sh leaves nothing of an interrupted download") {
  for (const int signal : {SIGINT, SIGTERM}) {
    INFO(signal);
    const Small small;
    write_program(small.folder / "bin/curl", partial_curl("echo $$ >\"$0.id\"\necho begun >&2\nexec sleep 60"));
    Process process("/bin/bash", small.words({"abc"}), small.around);
    REQUIRE(process.prints("begun"));
    CHECK(small.files() == 1);
    process.send(signal);
    CHECK(process.wait().code == 128 + signal);
    CHECK(small.files() == 0);
    CHECK(kill(std::stoi(read_text(small.folder / "bin/curl.id")), 0) != 0);
  }
}

TEST_CASE("fetch-data.sh tells what it cannot do") {
  const Small small;
  const auto ends = [&](const Words& words, int code, const std::string& why) {
    const Ended ended = small.run(words);
    INFO(why);
    CHECK(ended.code == code);
    CHECK_THAT(ended.err, Contains(why));
    CHECK(small.files() == 0);
  };
  ends({}, 2, "name a set");
  ends({"cba"}, 2, "unknown set 'cba'; known are abc hello");
  ends({"abc hello"}, 2, "unknown set 'abc hello'");
  ends({"abc", "--form", "x"}, 2, "unknown option --form");
  ends({"abc", "--from"}, 2, "--from needs a value");
  ends({"abc", "--from", "/no/where"}, 2, "there is no folder '/no/where'");
  ends({"hello"}, 1,
       "no public address has hello.gz. Copy it from a folder that does: scripts/fetch-data.sh hello --from");
  const Ended help = small.run({"--help"});
  CHECK(help.code == 0);
  CHECK_THAT(help.out, Contains("--mirror URL") && Contains("--list"));
}

TEST_CASE("what fetch-data.sh puts into ./data is found without a variable") {
  if (optional_data("caltech101_silhouettes").empty()) return;
  const std::string from = std::getenv("DIMWISE_DATA");
  const TemporaryFolder folder;
  const CurrentFolder here(folder / "");
  const Variable unset("DIMWISE_DATA", nullptr);
  CHECK_THROWS_AS(vae::load_images({.data = "caltech"}), DataError);
  const Ended ended = Process("/bin/bash", {script, "caltech", "--from", from}).wait();
  INFO(ended.err);
  CHECK(ended.code == 0);
  CHECK(vae::load_images({.data = "caltech"}).train.dim(0) == 4100);
}

TEST_CASE("a table that fetch-data.sh knows is found by its name alone, and a missing one tells how to fetch it") {
  const TemporaryFolder folder;
  const CurrentFolder here(folder / "");
  const Variable unset("DIMWISE_DATA", nullptr);
  const auto find = [] { return find_data_file("faithful.csv", "density", {"moons"}, "a .csv"); };
  CHECK_THROWS_WITH(find(), Contains("Tried: faithful.csv, data/timeseries/faithful.csv.") &&
                                Contains("To fetch it, run scripts/fetch-data.sh faithful."));
  CHECK_THROWS_WITH(find_data_file("miniboone_first1523.npy", "density", {"moons"}, "a .csv"),
                    Contains("run scripts/fetch-data.sh miniboone --from DIR."));
  fs::create_directories("data/timeseries");
  write_text("data/timeseries/faithful.csv", "a\n1\n");
  CHECK(find() == "data/timeseries/faithful.csv");
  write_text("faithful.csv", "a\n1\n");
  CHECK(find() == "faithful.csv");
}

}  // namespace dimwise::fetch_data_tests
