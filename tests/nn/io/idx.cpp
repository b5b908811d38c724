#include "nn/io/idx.hpp"

#include <zlib.h>

#include "tests/catch.hpp"
#include "tests/data.hpp"
#include "tests/nn/io/files.hpp"

namespace dimwise::idx_tests {

namespace {

const std::string sample = literal("\0\0\x08\x02\0\0\0\x02\0\0\0\x03\x00\x01\x7f\x80\xfe\xff");

Tensor parse(const std::string& file) { return parse_idx(as_bytes(file), "some.idx"); }
std::string error_for(const std::string& file) {
  return error_of([&] { parse(file); });
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE("IDX arrays of every type are read") {
  CHECK(same_bits(parse(sample), tensor({0, 1, 127, 128, 254, 255}, {2, 3}, DType::float32)));
  CHECK(same_bits(parse(literal("\0\0\x09\x01\0\0\0\x02\xff\x7f")), tensor({-1, 127}, DType::float32)));
  CHECK(same_bits(parse(literal("\0\0\x0b\x01\0\0\0\x02\xff\xfe\x01\x00")), tensor({-2, 256}, DType::float32)));
  CHECK(same_bits(parse(literal("\0\0\x0c\x01\0\0\0\x01\xff\xff\xff\xf0")), tensor({-16}, DType::float64)));
  CHECK(same_bits(parse(literal("\0\0\x0d\x01\0\0\0\x01\xbf\x80\0\0")), tensor({-1}, DType::float32)));
  CHECK(
      same_bits(parse(literal("\0\0\x0e\x01\0\0\0\x01\x40\x00\0\0\0\0\0\x01")), tensor({2 + 0x1p-51}, DType::float64)));
  CHECK(same_bits(parse(literal("\0\0\x08\x02\0\0\0\0\0\0\0\x03")), zeros({0, 3})));
}

TEST_CASE("gzip is detected, and several members are concatenated") {
  CHECK(same_bits(parse(gzip(sample)), parse(sample)));
  CHECK(same_bits(parse(gzip(sample.substr(0, 5)) + gzip("") + gzip(sample.substr(5))), parse(sample)));
  const std::string large = literal("\0\0\x08\x01\0\x10\0\0") + std::string(1 << 20, '\x05');
  CHECK(same_bits(parse(gzip(large)), full({1 << 20}, 5)));
}

TEST_CASE("an IDX header that does not match its data is rejected with the file's name") {
  CHECK_THAT(error_for(sample + "x"), Catch::Contains("some.idx") && Catch::Contains("1 bytes follow"));
  CHECK_THAT(error_for(sample.substr(0, 17)), Catch::Contains("does not fit in the 5 available bytes"));
  CHECK_THAT(error_for(literal("\0\0\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff") + "x"), Catch::Contains("does not fit"));
  CHECK_THAT(error_for(literal("\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0")),
             Catch::Contains("does not fit"));
  CHECK_THAT(error_for(literal("\0\0\x07\x01\0\0\0\x01x")), Catch::Contains("unknown type code 7"));
  CHECK_THAT(error_for(literal("\0\0\x08\x00x")), Catch::Contains("0 axes"));
  CHECK_THAT(error_for(literal("\0\0\x08\x09")), Catch::Contains("9 axes"));
  CHECK_THAT(error_for(literal("\0\x01\x08\x01\0\0\0\x01x")), Catch::Contains("not an IDX file"));
}

TEST_CASE("a damaged gzip file is rejected with the file's name") {
  const std::string good = gzip(sample);
  CHECK_THAT(error_for(good.substr(0, good.size() - 1)), Catch::Contains("ends inside"));
  std::string crc = good;
  crc[good.size() - 8] ^= 1;
  CHECK_THAT(error_for(crc), Catch::Contains("some.idx") && Catch::Contains("incorrect data check"));
  CHECK_THAT(error_for(good + "rest"), Catch::Contains("incorrect header check"));
  CHECK_THAT(error_for(good + good.substr(0, 6)), Catch::Contains("ends inside"));
}

TEST_CASE("every prefix and every changed byte of an IDX file gives a value or an Error") {
  const auto attempt = [](BytesView bytes) { parse_idx(bytes); };
  CHECK(refused_mutations(sample, 12, attempt) > 18 + 150);
  const std::string zipped = gzip(sample);
  CHECK(refused_mutations(zipped, zipped.size(), attempt) > static_cast<int>(zipped.size()) + 300);
}

TEST_CASE("the MNIST test images are read") {
  const std::string folder = optional_data("mnist/");
  if (folder.empty()) return;
  const Tensor images = load_idx(folder + "t10k-images-idx3-ubyte.gz");
  const Tensor labels = load_idx(folder + "t10k-labels-idx1-ubyte.gz");
  CHECK(images.shape() == Shape{10000, 28, 28});
  double ink = 0;
  for (const float pixel : images.data<float>()) ink += pixel;
  CHECK(ink / static_cast<double>(images.size()) == Approx(33.7912).margin(1e-3));
  const auto first = labels.data<float>().subspan(0, 5);
  CHECK(std::vector<float>(first.begin(), first.end()) == std::vector<float>{7, 2, 1, 0, 4});
}

}  // namespace dimwise::idx_tests
