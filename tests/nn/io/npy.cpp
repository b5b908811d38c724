#include "nn/io/npy.hpp"

#include <cmath>
#include <limits>

#include "tests/catch.hpp"
#include "tests/nn/io/files.hpp"

namespace dimwise::npy_tests {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Files that numpy.save wrote.
const std::string f4 = literal(
    "\223NUMPY\001\000v\000{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }                           "
    "                               \012\000\000\200\077\000\000 @\000\000@\300\000\000\000>\000\000\200\177\000"
    "\000\000\200");
const std::string f8_scalar = literal(
    "\223NUMPY\001\000v\000{'descr': '<f8', 'fortran_order': False, 'shape': (), }                               "
    "                               \012\030-DT\373!\011@");
const std::string f2_big_fortran = literal(
    "\223NUMPY\001\000v\000{'descr': '>f2', 'fortran_order': True, 'shape': (2, 3), }                            "
    "                               \012<\000D\000@\0008\000B\000\000\001");

/// A file of format 1.0 with any header and data.
std::string npy(const std::string& header, const std::string& data = "") {
  return literal("\x93NUMPY\x01\x00") + static_cast<char>(header.size() & 255) + static_cast<char>(header.size() >> 8) +
         header + data;
}
std::string with_shape(const std::string& shape, const std::string& data = "") {
  return npy("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}", data);
}
std::vector<double> numbers(const Shape& shape) {
  std::vector<double> values(static_cast<size_t>(shape.size()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = 1.0 / (static_cast<double>(i) - 2.5);
  if (!values.empty()) values.back() = -0.0;
  return values;
}
std::string error_for(const std::string& file) {
  return error_of([&] { parse_npy(as_bytes(file), "some.npy"); });
}

}  // namespace

TEST_CASE("files that NumPy wrote are read, and written again bit for bit") {
  const Tensor a = parse_npy(as_bytes(f4));
  CHECK(same_bits(a, tensor({1, 2.5, -3, 0.125, infinity, -0.0}, {2, 3}, DType::float32)));
  CHECK(as_text(to_npy(a)) == f4);
  const Tensor b = parse_npy(as_bytes(f8_scalar));
  CHECK(same_bits(b, scalar(M_PI, DType::float64)));
  CHECK(as_text(to_npy(b)) == f8_scalar);
}

TEST_CASE("big-endian half precision in Fortran order is converted to row-major float32") {
  const Tensor x = parse_npy(as_bytes(f2_big_fortran));
  CHECK(same_bits(x, tensor({1, 2, 3, 4, 0.5, 0x1p-24}, {2, 3}, DType::float32)));
}

TEST_CASE("every half precision number is converted exactly") {
  std::string data;
  for (int bits = 0; bits < 65536; ++bits) data += {static_cast<char>(bits & 255), static_cast<char>(bits >> 8)};
  const Tensor x = parse_npy(as_bytes(npy("{'descr': '<f2', 'fortran_order': False, 'shape': (65536,)}", data)));
  int wrong = 0;
  for (int bits = 0; bits < 65536; ++bits) {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double size = exponent == 31  ? (fraction ? NAN : infinity)
                        : exponent == 0 ? std::ldexp(fraction, -24)
                                        : std::ldexp(1024 + fraction, exponent - 25);
    const double expected = bits & 0x8000 ? -size : size, seen = x.data<float>()[static_cast<size_t>(bits)];
    wrong +=
        std::isnan(expected) ? !std::isnan(seen) : seen != expected || std::signbit(seen) != std::signbit(expected);
  }
  CHECK(wrong == 0);
}

TEST_CASE("tensors of every rank are restored from a file bit for bit, and headers are aligned to 64 bytes") {
  const TemporaryFolder folder;
  for (const DType dtype : {DType::float32, DType::float64}) {
    for (const Shape& shape : {Shape{}, {0}, {7}, {2, 0, 3}, {3, 1, 2}, {1, 2, 1, 2, 1, 2, 1, 2}, {12345, 3}}) {
      const Tensor x = tensor(numbers(shape), shape, dtype);
      save_npy(folder / "x.npy", x);
      CHECK(same_bits(load_npy(folder / "x.npy"), x));
      CHECK((to_npy(x).size() - static_cast<size_t>(x.size()) * bytes(dtype)) % 64 == 0);
    }
  }
  CHECK_THROWS_AS(to_npy(Tensor()), ValueError);
}

TEST_CASE("invalid headers are rejected with the file's name") {
  const std::string data(24, '\0');
  CHECK(error_for(with_shape("(2, 3)", data)) == "");
  CHECK(error_for(with_shape("(2L, 3L, )", data)) == "");
  CHECK(error_for(with_shape("()", std::string(4, '\0'))) == "");
  CHECK_THAT(error_for(with_shape("(2, -3)", data)),
             Catch::Contains("some.npy") && Catch::Contains("negative length -3"));
  CHECK_THAT(error_for(with_shape("(6)", data)), Catch::Contains("not a tuple"));
  CHECK_THAT(error_for(with_shape("(2 3)", data)), Catch::Contains("not a tuple"));
  CHECK_THAT(error_for(with_shape("(2.0, 3)", data)), Catch::Contains("not a tuple"));
  CHECK_THAT(error_for(with_shape("(99999999999999999999,)", data)), Catch::Contains("64-bit"));
  CHECK_THAT(error_for(with_shape("(4611686018427387904, 4)", data)), Catch::Contains("does not fit"));
  CHECK_THAT(error_for(with_shape("(4611686018427387904, 4, 0)")), Catch::Contains("does not fit"));
  CHECK_THAT(error_for(with_shape("(1, 1, 1, 1, 1, 1, 1, 1, 1)", data)), Catch::Contains("more than 8 axes"));
  CHECK_THAT(error_for(with_shape("(7,)", data)), Catch::Contains("does not fit"));
  CHECK_THAT(error_for(with_shape("(5,)", data)), Catch::Contains("4 bytes follow the array"));
  CHECK_THAT(error_for(with_shape("(2, 3), 'shape': (2, 3)", data)), Catch::Contains("is duplicated"));
  CHECK_THAT(error_for(with_shape("(2, 3), 'x': 1", data)), Catch::Contains("unknown header key 'x'"));
  CHECK_THAT(error_for(literal("\x93NUMPY\x02\x00\xff\xff\xff\xff{}")),
             Catch::Contains("a header of 4294967295 bytes"));
  CHECK_THAT(error_for(npy("{'descr': '<f4', 'shape': (2, 3)}", data)), Catch::Contains("has no '"));
  CHECK_THAT(error_for(npy("{'descr': '<f4', 'shape': (2, 3)} + {}", data)), Catch::Contains("after the header"));
  for (const char* dtype : {"<c8", "|O", "<U4", "<M8[ns]", "|V8", "<f16", "|f4", "", "<"})
    CHECK_THAT(error_for(npy("{'descr': '" + std::string(dtype) + "', 'fortran_order': False, 'shape': (1,)}", data)),
               Catch::Contains("dtype '" + std::string(dtype) + "' is not supported"));
}

TEST_CASE("every prefix and every changed header byte of an npy file gives a value or an Error") {
  const auto parse = [](BytesView bytes) { parse_npy(bytes); };
  CHECK(refused_mutations(f4, 128, parse) > 152 + 500);
  CHECK(refused_mutations(f2_big_fortran, 128, parse) > 140 + 500);
}

}  // namespace dimwise::npy_tests
