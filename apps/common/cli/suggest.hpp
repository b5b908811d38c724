#pragma once

#include <string>
#include <vector>

namespace dimwise::app {

/// `Did you mean <candidate>?` for the candidate closest to a mistyped word; empty if none is close.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace dimwise::app
