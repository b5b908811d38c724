#pragma once

#include <string>

#include "nn/io/bytes.hpp"

namespace dimwise::app {

/// The SHA-256 of some bytes, as 64 hexadecimal digits.
std::string sha256(BytesView bytes);
/// That of a file. Throws DataError if it cannot be read.
std::string sha256_of_file(const std::string& path);

}  // namespace dimwise::app
