#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dimwise::app {

/// The words of a list a,b,c; a word may be empty, but an empty text has none.
std::vector<std::string> words_of(const std::string& list);

/// Numbers as such a list, 64,32.
std::string joined(const std::vector<int64_t>& numbers);

}  // namespace dimwise::app
