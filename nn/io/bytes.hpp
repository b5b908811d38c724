#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/base/error.hpp"

namespace dimwise {

/// The contents of a file.
using Bytes = std::vector<std::byte>;
using BytesView = std::span<const std::byte>;

/// The bytes of a text.
inline BytesView as_bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
/// The bytes as text.
inline std::string_view as_text(BytesView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// A whole file. Throws DataError, with the path and the system's reason, unless it is a readable regular file.
Bytes read_file(const std::string& path);

/// Replaces a file atomically: a reader of `path` always finds either the old or the new contents.
///
/// The bytes go to a file `.tmp-…` in the same folder, which is synced and then renamed to `path`; a symbolic link is
/// followed. Throws DataError with the path and the system's reason when the folder is missing or unwritable, the disk
/// is full, or `path` exists and is not a regular file; the old file is then unchanged, and no temporary file is left.
void write_atomically(const std::string& path, BytesView bytes);

/// Throws DataError for a file whose contents are not those of its format: `[npy] a.npy: what is wrong`.
template <class... Parts>
[[noreturn]] void bad_file(const char* format, const std::string& name, const Parts&... parts) {
  fail<DataError>(format, name, ": ", parts...);
}

}  // namespace dimwise
