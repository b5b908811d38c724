#include "nn/io/detail/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <climits>
#include <new>

#include "autodiff/base/error.hpp"

namespace dimwise {

namespace {

struct Inflater {
  z_stream stream{};
  Inflater() {
    constexpr int gzip_window = MAX_WBITS + 16;
    if (inflateInit2(&stream, gzip_window) != Z_OK) throw std::bad_alloc();
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream); }
};

// zlib's sizes have 32 bits.
uInt piece(size_t size) { return static_cast<uInt>(std::min<size_t>(size, UINT_MAX)); }

}  // namespace

bool is_gzip(BytesView bytes) { return as_text(bytes).substr(0, 2) == "\x1f\x8b"; }

Bytes gunzip(BytesView bytes, const std::string& name) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  Bytes out;
  size_t consumed = 0, produced = 0;
  int state = Z_OK;
  while (state != Z_STREAM_END || consumed < bytes.size()) {
    if (state == Z_STREAM_END) inflateReset(&stream);
    if (produced == out.size()) out.resize(std::max(4 * bytes.size() + 64, 2 * out.size()));
    const uInt available_in = piece(bytes.size() - consumed), available_out = piece(out.size() - produced);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data())) + consumed;
    stream.avail_in = available_in;
    stream.next_out = reinterpret_cast<Bytef*>(out.data()) + produced;
    stream.avail_out = available_out;
    state = inflate(&stream, Z_NO_FLUSH);
    consumed += available_in - stream.avail_in;
    produced += available_out - stream.avail_out;
    if (state == Z_BUF_ERROR || (state == Z_OK && consumed == bytes.size() && stream.avail_out > 0))
      fail<DataError>("gzip", name, ": the file ends inside a compressed member.");
    if (state != Z_OK && state != Z_STREAM_END)
      fail<DataError>("gzip", name, ": damaged after ", consumed, " of ", bytes.size(),
                      " bytes: ", stream.msg ? stream.msg : "unknown reason", ".");
  }
  out.resize(produced);
  return out;
}

}  // namespace dimwise
