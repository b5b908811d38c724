#include "nn/io/detail/text_encoding.hpp"

#include <algorithm>
#include <cstdint>

#include "nn/io/bytes.hpp"

namespace dimwise {

namespace {

void append_utf8(std::string& text, uint32_t code) {
  const auto put = [&](uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xe0 | code >> 12);
    } else {
      put(0xf0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3f));
    }
    put(0x80 | (code >> 6 & 0x3f));
  }
  put(0x80 | (code & 0x3f));
}

std::string from_utf16(std::string_view text, bool big_endian, const std::string& name) {
  const auto unit = [&](size_t at) {
    const auto first = static_cast<unsigned char>(text[at]), second = static_cast<unsigned char>(text[at + 1]);
    return big_endian ? uint32_t{first} << 8 | second : uint32_t{second} << 8 | first;
  };
  std::string result;
  for (size_t at = 0; at < text.size(); at += 2) {
    if (at + 1 == text.size()) bad_file("csv", name, "its UTF-16 text ends within a character.");
    uint32_t code = unit(at);
    if (code >= 0xd800 && code < 0xe000) {
      const uint32_t low = at + 3 < text.size() ? unit(at + 2) : 0;
      if (code >= 0xdc00 || low < 0xdc00 || low >= 0xe000)
        bad_file("csv", name, "its UTF-16 text has half a character at byte ", at + 2, ". Save it as UTF-8.");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      at += 2;
    }
    append_utf8(result, code);
  }
  return result;
}

}  // namespace

std::string_view as_utf8(std::string_view text, std::string& storage, const std::string& name) {
  const std::string_view mark = text.substr(0, 2);
  if (mark == "\xff\xfe" || mark == "\xfe\xff") {
    storage = from_utf16(text.substr(2), mark == "\xfe\xff", name);
    text = storage;
  } else if (text.substr(0, 3) == "\xef\xbb\xbf") {
    text.remove_prefix(3);
  }
  if (const size_t zero = text.find('\0'); zero != std::string_view::npos)
    bad_file("csv", name, "is not text: line ", 1 + std::count(text.begin(), text.begin() + zero, '\n'),
             " has a zero byte. Save the table as CSV in UTF-8.");
  return text;
}

}  // namespace dimwise
