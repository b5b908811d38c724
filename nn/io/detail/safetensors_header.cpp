#include "nn/io/detail/safetensors_header.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "autodiff/base/error.hpp"

namespace dimwise {

namespace {

constexpr std::pair<std::string_view, Element> known[] = {
    {"BOOL", Element::boolean}, {"U8", Element::u8},   {"I8", Element::i8},     {"U16", Element::u16},
    {"I16", Element::i16},      {"F16", Element::f16}, {"BF16", Element::bf16}, {"F32", Element::f32},
    {"U32", Element::u32},      {"I32", Element::i32}, {"U64", Element::u64},   {"I64", Element::i64},
    {"F64", Element::f64}};

/// Handles the parser's events for the fixed structure of a header. Any other event is an error, so deep nesting is
/// rejected early.
class Events : public nlohmann::json_sax<nlohmann::json> {
 public:
  Events(SafeTensorsHeader& header, const std::string& name) : header_(header), name_(name) {}

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("a boolean"); }
  bool number_integer(number_integer_t) override { unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { unexpected("a number that is not a plain integer"); }
  bool binary(binary_t&) override { unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    std::vector<uint64_t>* list = place_ == Place::shape ? &shape_ : place_ == Place::offsets ? &offsets_ : nullptr;
    if (!list) unexpected("a number");
    const size_t limit = place_ == Place::shape ? Shape::max_rank : 2;
    if (list->size() == limit) bad("tensor '", key_, "' has more than ", limit, " values in '", field_, "'.");
    if (value > static_cast<uint64_t>(INT64_MAX)) bad("tensor '", key_, "' has ", value, " in '", field_, "'.");
    list->push_back(value);
    return true;
  }

  bool string(string_t& value) override {
    if (place_ == Place::metadata) {
      if (!header_.metadata.emplace(key_, value).second) bad("metadata key '", key_, "' is duplicated.");
      return true;
    }
    if (place_ != Place::tensor || field_ != "dtype") unexpected("a string");
    for (const auto& [text, element] : known)
      if (text == value) element_ = element;
    if (!element_) bad("tensor '", key_, "' has dtype '", value, "', which is not supported.");
    return true;
  }

  bool start_object(size_t) override {
    if (place_ == Place::outside) {
      place_ = Place::header;
    } else if (place_ == Place::header) {
      place_ = key_ == "__metadata__" ? Place::metadata : Place::tensor;
      if (place_ == Place::metadata && std::exchange(has_metadata_, true)) bad("'__metadata__' is duplicated.");
      has_shape_ = has_offsets_ = false;
      element_.reset();
      field_.clear();
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool end_object() override {
    if (place_ == Place::tensor) add_entry();
    place_ = place_ == Place::header ? Place::outside : Place::header;
    return true;
  }

  bool key(string_t& value) override {
    if (place_ != Place::tensor) {
      key_ = value;
      return true;
    }
    field_ = value;
    const bool twice =
        (value == "dtype" && element_) || (value == "shape" && has_shape_) || (value == "data_offsets" && has_offsets_);
    if (twice) bad("tensor '", key_, "' has '", value, "' twice.");
    if (value != "dtype" && value != "shape" && value != "data_offsets")
      bad("tensor '", key_, "' has the unknown key '", value, "'.");
    return true;
  }

  bool start_array(size_t) override {
    if (place_ != Place::tensor || field_ == "dtype") unexpected("an array");
    place_ = field_ == "shape" ? Place::shape : Place::offsets;
    (place_ == Place::shape ? has_shape_ : has_offsets_) = true;
    (place_ == Place::shape ? shape_ : offsets_).clear();
    return true;
  }

  bool end_array() override {
    place_ = Place::tensor;
    return true;
  }

  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception& error) override {
    bad("the header is not valid JSON at byte ", position, ": ", error.what(), ".");
  }

 private:
  enum class Place : uint8_t { outside, header, metadata, tensor, shape, offsets };

  template <class... Parts>
  [[noreturn]] void bad(const Parts&... parts) {
    fail<DataError>("safetensors", name_, ": ", parts...);
  }
  [[noreturn]] void unexpected(const char* what) {
    bad("the header has ", what, " in an unexpected place, after key '", place_ == Place::tensor ? field_ : key_, "'.");
  }

  void add_entry() {
    if (!element_ || !has_shape_ || offsets_.size() != 2 || !has_offsets_)
      bad("tensor '", key_, "' has no 'dtype', 'shape' or two 'data_offsets'.");
    SafeTensorsEntry entry{*element_, Shape(), offsets_[0], offsets_[1]};
    for (const uint64_t dim : shape_) entry.shape.push_back(static_cast<int64_t>(dim));
    if (!header_.entries.emplace(key_, entry).second) bad("tensor '", key_, "' is duplicated.");
  }

  SafeTensorsHeader& header_;
  const std::string& name_;
  Place place_ = Place::outside;
  std::string key_, field_;
  std::optional<Element> element_;
  std::vector<uint64_t> shape_, offsets_;
  bool has_metadata_ = false, has_shape_ = false, has_offsets_ = false;
};

}  // namespace

SafeTensorsHeader parse_safetensors_header(std::string_view json, const std::string& name) {
  // The parser would skip a byte-order mark, and treat a zero byte as the end of the text.
  if (json.empty() || json[0] != '{') fail<DataError>("safetensors", name, ": the header does not begin with '{'.");
  if (json.find('\0') != std::string_view::npos)
    fail<DataError>("safetensors", name, ": the header contains a zero byte.");
  SafeTensorsHeader header;
  Events events(header, name);
  nlohmann::json::sax_parse(json.begin(), json.end(), &events);
  return header;
}

}  // namespace dimwise
