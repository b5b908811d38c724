#include "nn/io/idx.hpp"

#include "autodiff/base/error.hpp"
#include "nn/io/detail/elements.hpp"
#include "nn/io/detail/gzip.hpp"

namespace dimwise {

namespace {

Element element_of(int code, const std::string& name) {
  switch (code) {
    case 0x08:
      return Element::u8;
    case 0x09:
      return Element::i8;
    case 0x0b:
      return Element::i16;
    case 0x0c:
      return Element::i32;
    case 0x0d:
      return Element::f32;
    case 0x0e:
      return Element::f64;
    default:
      bad_file("idx", name, "unknown type code ", code, ". Known codes are 8, 9, 11, 12, 13 and 14.");
  }
}

Tensor parse_plain(BytesView bytes, const std::string& name) {
  if (bytes.size() < 4) bad_file("idx", name, "ends inside its first four bytes.");
  if (bytes[0] != std::byte{0} || bytes[1] != std::byte{0})
    bad_file("idx", name, "not an IDX file: it does not begin with two zeros.");
  const Element element = element_of(std::to_integer<int>(bytes[2]), name);
  const auto rank = std::to_integer<size_t>(bytes[3]);
  if (rank < 1 || rank > Shape::max_rank)
    bad_file("idx", name, rank, " axes; between 1 and ", Shape::max_rank, " are supported.");
  const size_t start = 4 + 4 * rank;
  if (bytes.size() < start) bad_file("idx", name, "ends inside the lengths of its axes.");
  Shape shape;
  for (size_t at = 4; at < start; at += 4) shape.push_back(read_number<uint32_t>(bytes.subspan(at), std::endian::big));
  const BytesView data = bytes.subspan(start);
  const size_t needed = checked_bytes("idx", name, shape, element, data.size());
  if (needed < data.size()) bad_file("idx", name, data.size() - needed, " bytes follow the array.");
  return decode(data, element, std::endian::big, shape);
}

}  // namespace

Tensor parse_idx(BytesView bytes, const std::string& name) {
  return is_gzip(bytes) ? parse_plain(gunzip(bytes, name), name) : parse_plain(bytes, name);
}

Tensor load_idx(const std::string& path) { return parse_idx(read_file(path), path); }

}  // namespace dimwise
