#pragma once

#include <functional>
#include <vector>

#include "autodiff/tape.hpp"

namespace dimwise::detail {

/// Whether this call of `dimwise` is checked. Of calls of the same ops the first is, and then fewer and fewer: one
/// check would not suffice, since weights that are zero at the start of training can hide off-diagonal entries.
bool checked(const Tape& tape);
/// Throws ValueError unless the Jacobian between the tape's input and output is diagonal.
void check_diagonal(const Tape& tape);
/// Throws ValueError if h_i = conditioner(x)_i changes with x_i.
void check_conditioner(const Tensor& x, const std::vector<Tensor>& h,
                       const std::function<std::vector<Tensor>(const Tensor&)>& conditioner);

}  // namespace dimwise::detail
