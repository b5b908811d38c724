#pragma once

#include "hollow/ode/odeint.hpp"

namespace dimwise::ode {

// A record has one output tensor: several are packed into a 1-d tensor and unpacked by recorded ops.

/// All elements, one tensor after the other.
Tensor pack(const State& parts);
/// The part of `flat` that starts at `offset`, in the shape of `like`; `offset` is advanced past it.
Tensor unpack(const Tensor& flat, int64_t& offset, const Tensor& like);

/// States of a solution with their times, in the order of the solve.
struct Outputs {
  std::vector<double> t;
  std::vector<State*> y;
};
/// The outputs from index `first`, and the states of the events from index `first_event`.
Outputs outputs_in_order(OdeSolution& solution, size_t first, size_t first_event);

}  // namespace dimwise::ode
