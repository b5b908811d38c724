#pragma once

#include "hollow/ode/term.hpp"

namespace dimwise::ode {

// A record has one output tensor: several are packed into a 1-d tensor and unpacked by recorded ops.

/// All elements, one tensor after the other.
Tensor pack(const State& parts);
/// The part of `flat` that starts at `offset`, in the shape of `like`; `offset` is advanced past it.
Tensor unpack(const Tensor& flat, int64_t& offset, const Tensor& like);

}  // namespace dimwise::ode
