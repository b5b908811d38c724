#include "nn/io/npz.hpp"

#include <zlib.h>

#include "nn/io/npy.hpp"
#include "tests/catch.hpp"
#include "tests/nn/io/files.hpp"

namespace dimwise::npz_tests {

namespace {

// Archives that numpy.savez_compressed and numpy.savez wrote.
const std::string compressed = literal(
    "PK\003\004-\000\000\000\010\000\000\000!\000O\351\000*\377\377\377\377\377\377\377\377\005\000\024\000w.npy"
    "\001\000\020\000\230\000\000\000\000\000\000\000U\000\000\000\000\000\000\000\233\354\027\352\033\020\311"
    "\310P\306P\255\236\222Z\234\\\244n\245\240n\223f\242\256\243\240\236\226_TR\224\230\027\237_\224\222\012\022"
    "wK\314)N\005\212\027g$\026\244\002\371\032F:\012\306\232:\012\265\012d\003.\0060h\260\007\022\016@\004\304"
    "\015@\274\300\001\000PK\003\004-\000\000\000\010\000\000\000!\000\356\031\273]\377\377\377\377\377\377\377"
    "\377\005\000\024\000b.npy\001\000\020\000\202\000\000\000\000\000\000\000F\000\000\000\000\000\000\000\233"
    "\354\027\352\033\020\311\310P\306P\255\236\222Z\234\\\244n\245\240^\223d\250\256\243\240\236\226_TR\224\230"
    "\027\237_\224\222\012\022wK\314)N\005\212\027g$\026\244\002\371\032F:\232:\012\265\012\024\000.F\006\000PK"
    "\001\002-\003-\000\000\000\010\000\000\000!\000O\351\000*U\000\000\000\230\000\000\000\005\000\000\000\000"
    "\000\000\000\000\000\000\000\200\001\000\000\000\000w.npyPK\001\002-\003-\000\000\000\010\000\000\000!\000"
    "\356\031\273]F\000\000\000\202\000\000\000\005\000\000\000\000\000\000\000\000\000\000\000\200\001\214\000"
    "\000\000b.npyPK\005\006\000\000\000\000\002\000\002\000f\000\000\000\011\001\000\000\000\000");
const std::string stored = literal(
    "PK\003\004-\000\000\000\000\000\000\000!\000O\351\000*\377\377\377\377\377\377\377\377\005\000\024\000w.npy"
    "\001\000\020\000\230\000\000\000\000\000\000\000\230\000\000\000\000\000\000\000\223NUMPY\001\000v\000{'desc"
    "r': '<f4', 'fortran_order': False, 'shape': (2, 3), }                                                       "
    "   \012\000\000\000\000\000\000\200\077\000\000\000@\000\000@@\000\000\200@\000\000\240@PK\001\002-\003-\000"
    "\000\000\000\000\000\000!\000O\351\000*\230\000\000\000\230\000\000\000\005\000\000\000\000\000\000\000\000"
    "\000\000\000\200\001\000\000\000\000w.npyPK\005\006\000\000\000\000\001\000\001\0003\000\000\000\317\000\000"
    "\000\000\000");

std::map<std::string, Tensor> parse(const std::string& file) { return parse_npz(as_bytes(file), "some.npz"); }

/// The sample with a member's name changed, in the member's header and in the directory.
std::string renamed(std::string file, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = file.find(from, at)) != std::string::npos; at += to.size())
    file.replace(at, from.size(), to);
  return file;
}

std::string number(size_t value) {
  std::string text;
  for (int shift = 0; shift < 32; shift += 8) text += static_cast<char>(value >> shift & 255);
  return text;
}
/// The common fields of the two headers of an uncompressed member: method, date, CRC, sizes, lengths of name and extra
/// field.
std::string described(const std::string& data) {
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size()));
  return literal("\12\0\0\0\0\0\0\0\x21\0") + number(crc) + number(data.size()) + number(data.size()) +
         literal("\5\0\0\0");
}
std::string member_header(const std::string& name, const std::string& data) {
  return "PK\3\4" + described(data) + name;
}
std::string directory_entry(const std::string& name, const std::string& data, size_t offset) {
  return literal("PK\1\2\12\0") + described(data) + std::string(10, '\0') + number(offset) + name;
}

}  // namespace

TEST_CASE("archives written by NumPy are read") {
  const Tensor w = tensor({0, 1, 2, 3, 4, 5}, {2, 3}, DType::float32);
  const auto first = parse(compressed), second = parse(stored);
  REQUIRE(first.size() == 2);
  CHECK(same_bits(first.at("w"), w));
  CHECK(same_bits(first.at("b"), tensor({1, 0}, DType::float32)));
  REQUIRE(second.size() == 1);
  CHECK(same_bits(second.at("w"), w));
}

TEST_CASE("tensors are restored from an archive bit for bit, and equal tensors give equal archives") {
  const TemporaryFolder folder;
  const std::map<std::string, Tensor> arrays = {{"layer/0/kernel", tensor({0.1, -0.0, 1e300}, DType::float64)},
                                                {"λ", zeros({2, 0, 3})},
                                                {"../../evil", scalar(7)}};
  save_npz(folder / "a.npz", arrays);
  save_npz(folder / "b.npz", arrays);
  CHECK(as_text(read_file(folder / "a.npz")) == as_text(read_file(folder / "b.npz")));
  // Archives written within the same two seconds would agree anyway, so check that the date, in bytes 10 to 13, is
  // 1980-01-01.
  CHECK(as_text(read_file(folder / "a.npz")).substr(10, 4) == literal("\0\0\x21\0"));
  const auto read = load_npz(folder / "a.npz");
  REQUIRE(read.size() == 3);
  for (const auto& [name, array] : arrays) CHECK(same_bits(read.at(name), array));
  CHECK(folder.entries() == 2);

  save_npz(folder / "empty.npz", {});
  CHECK(load_npz(folder / "empty.npz").empty());
  CHECK_THROWS_AS(save_npz(folder / "c.npz", {{literal("a\0b"), scalar(1)}}), ValueError);
  CHECK_THROWS_AS(save_npz(folder / "c.npz", {{"\xff", scalar(1)}}), ValueError);
  CHECK_THROWS_AS(save_npz(folder / "no/c.npz", arrays), DataError);
}

TEST_CASE("of the arrays that are named, those that the archive has are read, whatever the others are") {
  const TemporaryFolder folder;
  save_npz(folder / "a.npz", {{"b", scalar(2)}, {"names", zeros({2}, DType::float64)}, {"w", scalar(3)}});
  std::string file(as_text(read_file(folder / "a.npz")));
  file.replace(file.find("<f8"), 3, "<U2");
  CHECK_THROWS_AS(parse(file), DataError);
  const auto some = parse_npz(as_bytes(file), "some.npz", {"w", "absent"});
  REQUIRE(some.size() == 1);
  CHECK(some.at("w").item() == 3);
}

TEST_CASE("members that are duplicated or are not arrays are rejected with their name") {
  CHECK_THAT(error_of([] { parse(renamed(compressed, "b.npy", "w.npy")); }),
             Catch::Contains("some.npz") && Catch::Contains("already exists"));
  CHECK_THAT(error_of([] { parse(renamed(stored, "w.npy", "w.txt")); }),
             Catch::Contains("'w.txt'") && Catch::Contains("does not end in .npy"));
  CHECK_THAT(error_of([] { parse(renamed(stored, "\x93NUMPY", "\x93NumPY")); }), Catch::Contains("CRC"));
  CHECK_THAT(error_of([] { parse(stored.substr(0, 21)); }), Catch::Contains("not a zip archive"));
}

TEST_CASE("a member that declares more bytes than its compressed data can contain is rejected before it is read") {
  std::string bomb = compressed;
  const std::string claim = literal("\377\377\377\177");
  // The uncompressed size is at byte 24 of a directory entry, and in the extra field of the member's header.
  bomb.replace(bomb.find(literal("PK\001\002")) + 24, 4, claim);
  bomb.replace(bomb.find(literal("w.npy\001\000\020\000")) + 9, 4, claim);
  CHECK_THAT(error_of([&] { parse(bomb); }), Catch::Contains("declares 2147483647 bytes in 85 compressed bytes"));
}

TEST_CASE("members that share compressed bytes are rejected") {
  const Bytes array = to_npy(zeros({1000}));
  const std::string inner(as_text(array));
  const std::string data = member_header("a.npy", inner) + inner;
  const std::string local = member_header("b.npy", data);
  const std::string directory = directory_entry("a.npy", inner, local.size()) + directory_entry("b.npy", data, 0);
  const std::string end = literal("PK\5\6\0\0\0\0\2\0\2\0") + number(directory.size()) +
                          number(local.size() + data.size()) + literal("\0\0");
  CHECK_THAT(error_of([&] { parse(local + data + directory + end); }), Catch::Contains("more compressed bytes than"));
}

TEST_CASE("every prefix and every changed byte of an npz file gives a value or an Error") {
  const auto attempt = [](BytesView bytes) { parse_npz(bytes); };
  CHECK(refused_mutations(compressed, compressed.size(), attempt) > 389 + 2000);
  CHECK(refused_mutations(stored, stored.size(), attempt) > 280 + 2000);
}

}  // namespace dimwise::npz_tests
