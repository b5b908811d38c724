#include "nn/io/npy.hpp"

#include <charconv>
#include <optional>

#include "autodiff/base/error.hpp"
#include "autodiff/node.hpp"
#include "nn/io/detail/elements.hpp"

namespace dimwise {

namespace {

constexpr std::string_view magic = "\x93NUMPY";

struct Header {
  std::optional<std::string> descr;
  std::optional<bool> fortran;
  std::optional<Shape> shape;
};

/// Reads the Python literal of a header: a dict of a string, a bool and a tuple of integers.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& name) : rest_(text), name_(name) {}

  Header read() {
    Header header;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr")
        set(header.descr, string(), key);
      else if (key == "fortran_order")
        set(header.fortran, boolean(), key);
      else if (key == "shape")
        set(header.shape, tuple(), key);
      else
        bad_file("npy", name_, "unknown header key '", key, "'.");
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (!rest_.empty()) bad_file("npy", name_, "text after the header's dict.");
    if (!header.descr || !header.fortran || !header.shape)
      bad_file("npy", name_, "the header has no 'descr', 'fortran_order' or 'shape'.");
    return header;
  }

 private:
  template <class T>
  void set(std::optional<T>& slot, T value, const std::string& key) {
    if (slot) bad_file("npy", name_, "header key '", key, "' is duplicated.");
    slot = std::move(value);
  }
  void skip_space() {
    while (!rest_.empty() && std::string_view(" \t\r\n\f").find(rest_[0]) != std::string_view::npos)
      rest_.remove_prefix(1);
  }
  bool accept(char c) {
    skip_space();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) bad_file("npy", name_, "the header is not a dict of literals: expected '", c, "'.");
  }
  std::string string() {
    skip_space();
    const char quote = rest_.empty() ? '\0' : rest_[0];
    if (quote != '\'' && quote != '"')
      bad_file("npy", name_, "expected a string in the header (structured dtypes are not supported).");
    const size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) bad_file("npy", name_, "a string in the header is not closed.");
    std::string value(rest_.substr(1, end - 1));
    if (value.find_first_of("\\\n") != std::string::npos)
      bad_file("npy", name_, "escapes in the header are not supported.");
    rest_.remove_prefix(end + 1);
    return value;
  }
  bool boolean() {
    skip_space();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (rest_.substr(0, word.size()) != word) continue;
      rest_.remove_prefix(word.size());
      return value;
    }
    bad_file("npy", name_, "fortran_order is neither True nor False.");
  }
  Shape tuple() {
    Shape shape;
    bool comma = true;
    expect('(');
    while (!accept(')')) {
      if (!comma) bad_file("npy", name_, "the shape is not a tuple of integers.");
      if (shape.rank() == Shape::max_rank) bad_file("npy", name_, "more than ", Shape::max_rank, " axes.");
      shape.push_back(integer());
      comma = accept(',');
    }
    if (shape.rank() == 1 && !comma) bad_file("npy", name_, "the shape is a number, not a tuple.");
    return shape;
  }
  int64_t integer() {
    skip_space();
    int64_t value = 0;
    const char* end = rest_.data() + rest_.size();
    const auto [stop, error] = std::from_chars(rest_.data(), end, value);
    if (error != std::errc()) bad_file("npy", name_, "the shape contains something that is not a 64-bit integer.");
    if (value < 0) bad_file("npy", name_, "negative length ", value, " in the shape.");
    rest_.remove_prefix(static_cast<size_t>(stop - rest_.data()));
    if (!rest_.empty() && rest_[0] == 'L') rest_.remove_prefix(1);  // suffix of Python 2's long integers
    return value;
  }

  std::string_view rest_;
  const std::string& name_;
};

struct Format {
  Element element;
  std::endian order;
};

Format format_of(const std::string& descr, const std::string& name) {
  static constexpr std::pair<std::string_view, Element> known[] = {
      {"b1", Element::boolean}, {"u1", Element::u8},  {"i1", Element::i8},  {"u2", Element::u16},
      {"i2", Element::i16},     {"f2", Element::f16}, {"u4", Element::u32}, {"i4", Element::i32},
      {"f4", Element::f32},     {"u8", Element::u64}, {"i8", Element::i64}, {"f8", Element::f64}};
  const bool marked = !descr.empty() && std::string_view("<>=|").find(descr[0]) != std::string_view::npos;
  const char mark = marked ? descr[0] : '=';
  const std::endian order = mark == '<' ? std::endian::little : mark == '>' ? std::endian::big : std::endian::native;
  for (const auto& [code, element] : known)
    if (descr.compare(marked ? 1 : 0, std::string::npos, code) == 0 && (mark != '|' || bytes(element) == 1))
      return {element, order};
  bad_file("npy", name, "dtype '", descr, "' is not supported. Convert to float32, float64, an integer type or bool.");
}

/// Elements in Fortran order, converted to row-major order.
Tensor from_fortran(const Tensor& stored, const Shape& shape) {
  Tensor result = empty(shape, stored.dtype());
  dispatch(stored.dtype(), [&](auto real) {
    const auto* in = stored.template data<decltype(real)>().data();
    auto* out = mutable_data<decltype(real)>(result);
    Shape index, stride;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      index.push_back(0);
      stride.push_back(axis == 0 ? 1 : stride[axis - 1] * shape[axis - 1]);
    }
    int64_t at = 0;
    for (int64_t i = 0, n = shape.size(); i < n; ++i) {
      out[i] = in[at];
      for (int axis = shape.rank() - 1; axis >= 0; --axis) {
        at += stride[axis];
        if (++index[axis] < shape[axis]) break;
        at -= stride[axis] * shape[axis];
        index[axis] = 0;
      }
    }
  });
  return result;
}

}  // namespace

Tensor parse_npy(BytesView bytes, const std::string& name) {
  if (as_text(bytes).substr(0, magic.size()) != magic)
    bad_file("npy", name, "not an .npy file: it does not begin with \\x93NUMPY.");
  if (bytes.size() < 10) bad_file("npy", name, "ends inside its first ten bytes.");
  const auto major = std::to_integer<int>(bytes[6]), minor = std::to_integer<int>(bytes[7]);
  if (major < 1 || major > 3 || minor != 0) bad_file("npy", name, "unknown format version ", major, ".", minor, ".");
  const size_t start = major == 1 ? 10 : 12;
  if (bytes.size() < start) bad_file("npy", name, "ends inside the length of its header.");
  const size_t length = major == 1 ? read_number<uint16_t>(bytes.subspan(8), std::endian::little)
                                   : read_number<uint32_t>(bytes.subspan(8), std::endian::little);
  if (length > bytes.size() - start)
    bad_file("npy", name, "a header of ", length, " bytes does not fit in a file of ", bytes.size(), ".");
  const Header header = HeaderReader(as_text(bytes.subspan(start, length)), name).read();
  const Format format = format_of(*header.descr, name);
  const BytesView data = bytes.subspan(start + length);
  const size_t needed = checked_bytes("npy", name, *header.shape, format.element, data.size());
  if (needed < data.size()) bad_file("npy", name, data.size() - needed, " bytes follow the array.");
  const Tensor stored = decode(data, format.element, format.order, *header.shape);
  return *header.fortran && header.shape->rank() > 1 ? from_fortran(stored, *header.shape) : stored;
}

Tensor load_npy(const std::string& path) { return parse_npy(read_file(path), path); }

Bytes to_npy(const Tensor& x) {
  if (!x.defined()) fail<ValueError>("npy", "an undefined tensor cannot be written. Assign it first.");
  std::string header = std::string("{'descr': '") + (x.dtype() == DType::float32 ? "<f4" : "<f8") +
                       "', 'fortran_order': False, 'shape': " + x.shape().str() + ", }";
  // NumPy also reserves space for a longer first length before it aligns the data to 64 bytes; up to max_rank axes both
  // give 128 bytes.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  const std::string begin = std::string(magic) + '\x01' + '\x00' + static_cast<char>(header.size() & 255) +
                            static_cast<char>(header.size() >> 8) + header;
  Bytes out(as_bytes(begin).begin(), as_bytes(begin).end());
  out.reserve(out.size() + static_cast<size_t>(x.size()) * bytes(x.dtype()));
  encode(x, out);
  return out;
}

void save_npy(const std::string& path, const Tensor& x) { write_atomically(path, to_npy(x)); }

}  // namespace dimwise
