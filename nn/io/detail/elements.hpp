#pragma once

#include <bit>
#include <cstring>
#include <string>

#include "autodiff/tensor.hpp"
#include "nn/io/bytes.hpp"

namespace dimwise {

/// How a number is stored in a file.
enum class Element : uint8_t { boolean, u8, i8, u16, i16, f16, bf16, f32, u32, i32, u64, i64, f64 };

/// The size of one element in bytes.
size_t bytes(Element element);

/// The dtype that elements are read as: types that float32 represents exactly (up to 16 bits, and f32) become float32,
/// the others float64, which rounds 64-bit integers beyond 2⁵³.
DType read_as(Element element);

/// The size of a stored array in bytes: the product of the lengths and the element's size.
///
/// Throws DataError, with `where` and `name`, for a negative length or if the array takes more than `available` bytes,
/// so that a wrong header cannot cause a large allocation.
size_t checked_bytes(const char* where, const std::string& name, const Shape& shape, Element element, size_t available);

/// The stored elements, `shape.size()` of them in row-major order, as a tensor.
Tensor decode(BytesView stored, Element element, std::endian order, const Shape& shape);

/// The elements of a tensor as little-endian bytes, appended to `out`.
void encode(const Tensor& x, Bytes& out);

/// The unsigned or floating-point number at the beginning of `bytes`, which must be long enough.
template <class T>
T read_number(BytesView bytes, std::endian order) {
  std::byte raw[sizeof(T)];
  for (size_t i = 0; i < sizeof(T); ++i) raw[i] = bytes[order == std::endian::native ? i : sizeof(T) - 1 - i];
  T value;
  std::memcpy(&value, raw, sizeof(T));
  return value;
}

}  // namespace dimwise
