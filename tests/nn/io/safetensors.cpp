#include "nn/io/safetensors.hpp"

#include <cmath>

#include "tests/catch.hpp"
#include "tests/nn/io/files.hpp"

namespace dimwise::safetensors_tests {

namespace {

// Files that the safetensors library wrote.
const std::string sample = literal(
    "\010\001\000\000\000\000\000\000{\"__metadata__\":{\"note\":\"caf\303\251\\t\\u0001\"},\"z\":{\"dtype\":\"F6"
    "4\",\"shape\":[],\"data_offsets\":[0,8]},\"\316\273\\\"/0\":{\"dtype\":\"F64\",\"shape\":[0,2],\"data_offset"
    "s\":[8,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[8,16]},\"b\":{\"dtype\":\"F32\",\"shap"
    "e\":[3],\"data_offsets\":[16,28]}}iW\024\213\012\277\005@\000\000\300\277\000\000\300\177\000\000\000\000"
    "\000\000\200\077\000\000\000@");
const std::string narrow = literal(
    "\250\000\000\000\000\000\000\000{\"i\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[0,16]},\"h\":{\"dt"
    "ype\":\"F16\",\"shape\":[2],\"data_offsets\":[16,20]},\"u\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\""
    ":[20,21]}}    \377\377\377\377\377\377\377\377\000\000\000\000\000\001\000\000\000>\000\300\377");

std::string file(const std::string& json, size_t data) {
  std::string length(8, '\0');
  for (size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(json.size() >> (8 * i) & 255);
  return length + json + std::string(data, '\0');
}
std::string error_for(const std::string& json, size_t data = 8) {
  return error_of([&] { parse_safetensors(as_bytes(file(json, data)), "some.safetensors"); });
}

}  // namespace

TEST_CASE("a file written by the safetensors library is read, and written again bit for bit") {
  const SafeTensors read = parse_safetensors(as_bytes(sample));
  REQUIRE(read.tensors.size() == 4);
  CHECK(same_bits(read.tensors.at("a"), tensor({-1.5, NAN}, {2, 1}, DType::float32)));
  CHECK(same_bits(read.tensors.at("b"), tensor({0, 1, 2}, DType::float32)));
  CHECK(same_bits(read.tensors.at("z"), scalar(M_E, DType::float64)));
  CHECK(same_bits(read.tensors.at("λ\"/0"), zeros({0, 2}, DType::float64)));
  CHECK(read.metadata == std::map<std::string, std::string>{{"note", "café\t\x01"}});
  CHECK(as_text(to_safetensors(read.tensors, read.metadata)) == sample);
}

TEST_CASE("integers and half precision are converted") {
  const SafeTensors read = parse_safetensors(as_bytes(narrow));
  CHECK(same_bits(read.tensors.at("i"), tensor({-1, 0x1p40}, DType::float64)));
  CHECK(same_bits(read.tensors.at("h"), tensor({1.5, -2}, DType::float32)));
  CHECK(same_bits(read.tensors.at("u"), tensor({255}, DType::float32)));
}

TEST_CASE("tensors and metadata are restored from a file bit for bit") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.safetensors";
  const std::map<std::string, Tensor> tensors = {
      {"", scalar(1)}, {"w\n\"\\", tensor({0.1, -0.0, INFINITY}, {1, 3, 1}, DType::float64)}, {"e", zeros({3, 0})}};
  const std::map<std::string, std::string> metadata = {{"step", "12"}, {"", ""}, {"json", R"({"a": [1, "é"]})"}};
  save_safetensors(path, tensors, metadata);
  const SafeTensors read = load_safetensors(path);
  CHECK(read.metadata == metadata);
  REQUIRE(read.tensors.size() == tensors.size());
  for (const auto& [name, x] : tensors) CHECK(same_bits(read.tensors.at(name), x));
  for (const auto& some : {metadata, {}}) {
    const Bytes empty = to_safetensors({}, some);
    CHECK(empty.size() % 8 == 0);
    CHECK(parse_safetensors(empty).metadata == some);
  }
  save_safetensors(path, {});
  CHECK(load_safetensors(path).tensors.empty());
}

TEST_CASE("contents that cannot be stored are rejected before anything is written") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.safetensors";
  CHECK_THROWS_AS(save_safetensors(path, {{"x", Tensor()}}), ValueError);
  CHECK_THROWS_AS(save_safetensors(path, {{"__metadata__", scalar(1)}}), ValueError);
  CHECK_THROWS_AS(save_safetensors(path, {{"\xc3", scalar(1)}}), ValueError);
  CHECK_THROWS_AS(save_safetensors(path, {}, {{"a", "\xff"}}), ValueError);
  CHECK(folder.entries() == 0);
}

TEST_CASE("a safetensors header that does not match its data is rejected with the file's name") {
  const std::string x = R"("x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  CHECK(error_for("{" + x + "}") == "");
  CHECK(error_for("{" + x + "}  \n") == "");
  CHECK_THAT(error_for("{" + x + "," + x + "}"),
             Catch::Contains("some.safetensors") && Catch::Contains("'x' is duplicated"));
  CHECK_THAT(error_for("{" + x + "}", 7), Catch::Contains("is at bytes 0 … 8 of 7"));
  CHECK_THAT(error_for("{" + x + "}", 9), Catch::Contains("1 bytes follow"));
  CHECK_THAT(error_for(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})"), Catch::Contains("a gap"));
  CHECK_THAT(error_for("{" + x + R"(,"y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})"),
             Catch::Contains("overlaps"));
  CHECK_THAT(error_for(R"({"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})"), Catch::Contains("does not fit"));
  CHECK_THAT(error_for(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})"), Catch::Contains("needs 4"));
  CHECK_THAT(error_for(R"({"x":{"dtype":"F32","shape":[0],"data_offsets":[0,8]}})"), Catch::Contains("needs 0"));
  CHECK_THAT(error_for(R"({"x":{"dtype":"F32","shape":[4611686018427387906],"data_offsets":[0,8]}})"),
             Catch::Contains("does not fit"));
  CHECK_THAT(error_for(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[18446744073709551608,0]}})"),
             Catch::Contains("'x' has 18446744073709551608 in 'data_offsets'"));
  CHECK_THAT(error_for(R"({"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})"), Catch::Contains("negative"));
  CHECK_THAT(error_for(R"({"x":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})"),
             Catch::Contains("not a plain integer"));
  CHECK_THAT(error_for(R"({"x":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}})"),
             Catch::Contains("more than 8"));
  CHECK_THAT(error_for(R"({"x":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}})"), Catch::Contains("dtype 'C64'"));
  CHECK_THAT(error_for(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}})"), Catch::Contains("more than 2"));
  CHECK_THAT(error_for(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0]}})"), Catch::Contains("has no '"));
  CHECK_THAT(error_for(R"({"x":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})"),
             Catch::Contains("'dtype' twice"));
  CHECK_THAT(error_for(R"({"x":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}})"),
             Catch::Contains("'shape' twice"));
  CHECK_THAT(error_for(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"stride":[1]}})"),
             Catch::Contains("unknown key 'stride'"));
  CHECK_THAT(error_for(R"({"__metadata__":{"a":"1","a":"2"}})", 0), Catch::Contains("metadata key 'a' is duplicated"));
  CHECK_THAT(error_for(R"({"__metadata__":{},"__metadata__":{}})", 0), Catch::Contains("is duplicated"));
  CHECK_THAT(error_for(R"({"__metadata__":{"a":{"b":"c"}}})", 0), Catch::Contains("an object in an unexpected place"));
  CHECK_THAT(error_for("{\"__metadata__\":{\"a\":\"\xff\"}}", 0), Catch::Contains("not valid JSON"));
  CHECK_THAT(error_for(literal("{}\0\0"), 0), Catch::Contains("zero byte"));
  CHECK_THAT(error_for("\xef\xbb\xbf{}", 0), Catch::Contains("begin with '{'"));
  CHECK_THAT(error_of([] { parse_safetensors(as_bytes(literal("\3\0\0\0\0\0\0\0{}"))); }),
             Catch::Contains("a header of 3 bytes does not fit"));
  CHECK_THAT(error_for("{}{}", 0), Catch::Contains("not valid JSON"));
  CHECK_THAT(error_for("{/**/}", 0), Catch::Contains("not valid JSON"));
}

TEST_CASE("deep nesting in a header is rejected immediately") {
  CHECK_THAT(error_for(R"({"x":)" + std::string(1'000'000, '[')), Catch::Contains("an array in an unexpected place"));
  CHECK_THAT(error_for(R"({"x":{"shape":)" + std::string(1'000'000, '[')),
             Catch::Contains("an array in an unexpected place"));
}

TEST_CASE("every prefix and every changed header byte of a safetensors file gives a value or an Error") {
  const auto parse = [](BytesView bytes) { parse_safetensors(bytes); };
  CHECK(refused_mutations(sample, 280, parse) > 300 + 2000);
  CHECK(refused_mutations(narrow, 180, parse) > 197 + 1500);
}

}  // namespace dimwise::safetensors_tests
