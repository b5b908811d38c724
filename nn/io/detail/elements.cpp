#include "nn/io/detail/elements.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "autodiff/node.hpp"

namespace dimwise {

namespace {

struct Half {
  uint16_t bits;
  operator float() const {
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
    const uint32_t exponent = (bits >> 10) & 31u, fraction = bits & 0x3ffu;
    if (exponent == 0) {
      const float value = static_cast<float>(fraction) * 0x1p-24f;
      return sign ? -value : value;
    }
    const uint32_t widened = exponent == 31 ? 255 : exponent + 112;
    return std::bit_cast<float>(sign | widened << 23 | fraction << 13);
  }
};
struct BrainHalf {
  uint16_t bits;
  operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
};
struct Boolean {
  uint8_t bits;
  operator float() const { return bits ? 1.0f : 0.0f; }
};

template <class F>
decltype(auto) dispatch(Element element, F&& f) {
  switch (element) {
    case Element::boolean:
      return f(Boolean{});
    case Element::u8:
      return f(uint8_t{});
    case Element::i8:
      return f(int8_t{});
    case Element::u16:
      return f(uint16_t{});
    case Element::i16:
      return f(int16_t{});
    case Element::f16:
      return f(Half{});
    case Element::bf16:
      return f(BrainHalf{});
    case Element::f32:
      return f(float{});
    case Element::u32:
      return f(uint32_t{});
    case Element::i32:
      return f(int32_t{});
    case Element::u64:
      return f(uint64_t{});
    case Element::i64:
      return f(int64_t{});
    case Element::f64:
      return f(double{});
  }
  fail<ValueError>("element", "unknown element type: ", static_cast<int>(element), ".");
}

}  // namespace

size_t bytes(Element element) {
  return dispatch(element, [](auto stored) { return sizeof(stored); });
}

DType read_as(Element element) {
  return bytes(element) <= 2 || element == Element::f32 ? DType::float32 : DType::float64;
}

size_t checked_bytes(const char* where, const std::string& name, const Shape& shape, Element element,
                     size_t available) {
  size_t size = bytes(element);
  bool none = false, overflow = false;
  for (const int64_t dim : shape) {
    if (dim < 0) fail<DataError>(where, name, ": negative length in shape ", shape, ".");
    if (dim == 0)
      none = true;
    else
      overflow = __builtin_mul_overflow(size, static_cast<size_t>(dim), &size) || overflow;
  }
  // Lengths too large for memory are rejected even if another is 0, because parts of the shape are multiplied
  // elsewhere.
  if (overflow || size > static_cast<size_t>(INT64_MAX) || (!none && size > available))
    fail<DataError>(where, name, ": an array of shape ", shape, " with ", bytes(element),
                    "-byte elements does not fit in the ", available, " available bytes.");
  return none ? 0 : size;
}

Tensor decode(BytesView stored, Element element, std::endian order, const Shape& shape) {
  const size_t count = static_cast<size_t>(shape.size());
  if (stored.size() != count * bytes(element))
    fail<DataError>("decode", stored.size(), " bytes are not an array of shape ", shape, " with ", bytes(element),
                    "-byte elements.");
  Tensor result = empty(shape, read_as(element));
  dispatch(element, [&](auto kind) {
    using From = decltype(kind);
    dispatch(result.dtype(), [&](auto real) {
      using To = decltype(real);
      To* out = mutable_data<To>(result);
      if (order == std::endian::native) {
        for (size_t i = 0; i < count; ++i) {
          From value;
          std::memcpy(&value, stored.data() + i * sizeof(From), sizeof(From));
          out[i] = static_cast<To>(value);
        }
      } else {
        for (size_t i = 0; i < count; ++i)
          out[i] = static_cast<To>(read_number<From>(stored.subspan(i * sizeof(From)), order));
      }
    });
  });
  return result;
}

void encode(const Tensor& x, Bytes& out) {
  dispatch(x.dtype(), [&](auto real) {
    const BytesView raw = std::as_bytes(x.template data<decltype(real)>());
    const size_t begin = out.size();
    out.insert(out.end(), raw.begin(), raw.end());
    if constexpr (std::endian::native == std::endian::big)
      for (size_t i = begin; i < out.size(); i += sizeof(real))
        std::reverse(out.begin() + static_cast<std::ptrdiff_t>(i),
                     out.begin() + static_cast<std::ptrdiff_t>(i + sizeof(real)));
  });
}

}  // namespace dimwise
