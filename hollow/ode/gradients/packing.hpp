#pragma once

#include "hollow/ode/term.hpp"

namespace dimwise::ode {

// One record gives one tensor: several are packed into a 1-d one and taken apart again by recorded ops.

/// All elements, one tensor after the other.
Tensor pack(const State& parts);
/// The part of `flat` that starts at `offset` (which is moved on), in the shape of `like`.
Tensor unpack(const Tensor& flat, int64_t& offset, const Tensor& like);

}  // namespace dimwise::ode
