#pragma once

#include <string>
#include <string_view>

namespace dimwise {

/// The text in UTF-8, without byte-order mark. Text in UTF-16 is recognized by its mark, and is converted into
/// `storage`. Throws DataError for a zero byte in other text, and for invalid UTF-16.
std::string_view as_utf8(std::string_view text, std::string& storage, const std::string& name);

}  // namespace dimwise
