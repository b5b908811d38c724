#pragma once

#include <string>
#include <vector>

namespace dimwise::app {

/// The words of a comma-separated list. Words can be empty; an empty text has no words.
std::vector<std::string> words_of(const std::string& list);

}  // namespace dimwise::app
