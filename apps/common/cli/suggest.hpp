#pragma once

#include <string>
#include <vector>

namespace dimwise::app {

/// `Did you mean <candidate>?` for the candidate nearest to a mistyped word, or nothing when none is near.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace dimwise::app
