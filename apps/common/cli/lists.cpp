#include "apps/common/cli/lists.hpp"

#include <sstream>

namespace dimwise::app {

std::vector<std::string> words_of(const std::string& list, char separator) {
  std::vector<std::string> words;
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, separator);) words.push_back(word);
  return words;
}

}  // namespace dimwise::app
