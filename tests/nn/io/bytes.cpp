#include "nn/io/bytes.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <thread>

#include "tests/catch.hpp"
#include "tests/nn/io/files.hpp"

namespace dimwise::bytes_tests {

namespace {

std::string contents(const std::string& path) { return std::string(as_text(read_file(path))); }

/// During its lifetime, files are limited to this many bytes: the next write is short, the one after it fails.
struct FileSizeLimit {
  rlimit before;
  sighandler_t handler;
  explicit FileSizeLimit(rlim_t bytes) {
    handler = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit limit{bytes, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
  }
};

/// During its lifetime, makes a folder read-only, and drops the privileges of the superuser, who ignores permissions.
struct ReadOnly {
  std::filesystem::path folder;
  bool superuser = ::geteuid() == 0;
  explicit ReadOnly(const std::filesystem::path& path) : folder(path) {
    using std::filesystem::perms;
    std::filesystem::permissions(folder,
                                 perms::owner_read | perms::owner_exec | perms::others_read | perms::others_exec);
    constexpr uid_t nobody = 65534;
    if (superuser) REQUIRE(::seteuid(nobody) == 0);
  }
  ~ReadOnly() {
    if (superuser && ::seteuid(0) != 0) std::abort();
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
  }
};

}  // namespace

TEST_CASE("a file is read back as written, and replaced completely") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.bin";
  for (const std::string& text : {std::string(), literal("zero\0byte"), std::string(300'000, 'x')}) {
    write_atomically(path, as_bytes(text));
    CHECK(contents(path) == text);
  }
  CHECK(folder.entries() == 1);
}

TEST_CASE("reading a missing or irregular file reports the path and the reason") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(read_file(folder / "missing"), DataError);
  CHECK_THAT(error_of([&] { read_file(folder / "missing"); }),
             Catch::Contains(folder / "missing") && Catch::Contains("No such file"));
  CHECK_THROWS_AS(read_file(folder.path), DataError);
  CHECK_THROWS_AS(read_file("/dev/null"), DataError);
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_AS(read_file(folder / "pipe"), DataError);
}

TEST_CASE("a write that fails midway keeps the old file and leaves no temporary file") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.bin", large(100'000, 'y');
  write_atomically(path, as_bytes("old"));
  std::string error;
  {
    const FileSizeLimit limit(5000);
    error = error_of([&] { write_atomically(path, as_bytes(large)); });
  }
  CHECK_THAT(error, Catch::Contains(path) && Catch::Contains("100000 bytes") && Catch::Contains("File too large"));
  CHECK(contents(path) == "old");
  CHECK(folder.entries() == 1);
  write_atomically(path, as_bytes(large));
  CHECK(contents(path) == large);
}

TEST_CASE("writing to a folder that is missing, not a folder, or read-only fails and keeps the old file") {
  const TemporaryFolder folder;
  CHECK_THAT(error_of([&] { write_atomically(folder / "no/a.bin", as_bytes("new")); }),
             Catch::Contains("no/a.bin") && Catch::Contains("No such file"));
  write_atomically(folder / "a.bin", as_bytes("old"));
  CHECK_THROWS_AS(write_atomically(folder / "a.bin/b.bin", as_bytes("new")), DataError);
  CHECK(contents(folder / "a.bin") == "old");
  CHECK_THROWS_AS(write_atomically("/proc/dimwise.bin", as_bytes("new")), DataError);
  std::string error;
  {
    const ReadOnly read_only(folder.path);
    error = error_of([&] { write_atomically(folder / "a.bin", as_bytes("new")); });
  }
  CHECK_THAT(error, Catch::Contains("Permission denied"));
  CHECK(contents(folder / "a.bin") == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("an irregular file is never replaced") {
  // A temporary pipe is used instead of a device: a failure would destroy a real device for the whole machine.
  const TemporaryFolder folder;
  const std::string pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THAT(error_of([&] { write_atomically(pipe, as_bytes("new")); }), Catch::Contains("not a regular file"));
  CHECK(std::filesystem::is_fifo(pipe));
  CHECK(folder.entries() == 1);
  CHECK_THROWS_AS(write_atomically(folder.path, as_bytes("new")), DataError);
}

TEST_CASE("a symbolic link is kept, and its target is replaced") {
  const TemporaryFolder folder;
  write_atomically(folder / "a.bin", as_bytes("old"));
  std::filesystem::create_symlink("a.bin", folder / "latest");
  write_atomically(folder / "latest", as_bytes("new"));
  CHECK(std::filesystem::is_symlink(folder / "latest"));
  CHECK(contents(folder / "a.bin") == "new");
}

TEST_CASE("a reader gets the old contents or the new ones, never a mixture") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.bin";
  const auto text = [](int i) {
    return std::string(20'000 + 1000 * static_cast<size_t>(i % 7), static_cast<char>('a' + i % 7));
  };
  write_atomically(path, as_bytes(text(0)));
  std::thread writer([&] {
    for (int i = 0; i < 40; ++i) write_atomically(path, as_bytes(text(i)));
  });
  int mixed = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string seen = contents(path);
    mixed += seen != text(seen[0] - 'a');
  }
  writer.join();
  CHECK(mixed == 0);
}

}  // namespace dimwise::bytes_tests
