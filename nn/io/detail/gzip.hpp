#pragma once

#include <string>

#include "nn/io/bytes.hpp"

namespace dimwise {

/// Whether the bytes begin like a gzip file.
bool is_gzip(BytesView bytes);

/// The contents of a gzip file of one or more members, with every CRC checked. Their size is at most 1032 times the
/// file's, the limit of deflate. Throws DataError, with `name`, for data that is damaged, truncated, or followed by
/// other bytes.
Bytes gunzip(BytesView bytes, const std::string& name);

}  // namespace dimwise
