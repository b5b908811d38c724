#pragma once

#include <string>
#include <vector>

namespace dimwise::app {

/// The words of a list a,b,c; a word may be empty, but an empty text has none.
std::vector<std::string> words_of(const std::string& list);

}  // namespace dimwise::app
