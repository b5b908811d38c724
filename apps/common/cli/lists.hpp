#pragma once

#include <string>
#include <vector>

namespace dimwise::app {

/// The words of a list, separated by commas or another character. Words can be empty; an empty text has no words.
std::vector<std::string> words_of(const std::string& list, char separator = ',');

}  // namespace dimwise::app
