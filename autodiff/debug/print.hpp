#pragma once

#include <string>

#include "autodiff/tape.hpp"

namespace dimwise {

/// The tape as a text table: number, op, operands, shape, dtype.
std::string str(const Tape& tape);
/// The tape as a Graphviz graph; edges from held tensors are dashed.
std::string to_dot(const Tape& tape);

}  // namespace dimwise
