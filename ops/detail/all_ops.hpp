#pragma once

#include <vector>

#include "autodiff/op.hpp"

namespace dimwise {

/// All op records. The derivative tests cover each of them.
std::vector<const Op*> all_ops();

// The records of each family.
std::vector<const Op*> arithmetic_ops();
std::vector<const Op*> exponential_ops();
std::vector<const Op*> trigonometric_ops();
std::vector<const Op*> activation_ops();
std::vector<const Op*> power_ops();
std::vector<const Op*> reduce_ops();
std::vector<const Op*> layout_ops();
std::vector<const Op*> diagonal_ops();
std::vector<const Op*> index_ops();
std::vector<const Op*> matmul_ops();
std::vector<const Op*> block_ops();
std::vector<const Op*> combination_ops();
std::vector<const Op*> conv_ops();

}  // namespace dimwise
