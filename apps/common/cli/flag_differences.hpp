#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace dimwise::app {

/// The flags in which a saved run differs from what is asked for, as `--hidden is [8], not [16]; --d-h is unset, not
/// 4`; empty when there are none. Both are objects of flags, whose dashes may be written `_`.
std::string flag_differences(const nlohmann::ordered_json& saved, const nlohmann::ordered_json& asked);

}  // namespace dimwise::app
