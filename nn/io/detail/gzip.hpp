#pragma once

#include <string>

#include "nn/io/bytes.hpp"

namespace dimwise {

/// Whether bytes begin as a gzip file does.
bool is_gzip(BytesView bytes);

/// The contents of a gzip file of one or more members, with every CRC checked. Deflate bounds them by 1032 times the
/// file. Throws DataError, naming `name`, for anything damaged, cut off, or followed by something else.
Bytes gunzip(BytesView bytes, const std::string& name);

}  // namespace dimwise
