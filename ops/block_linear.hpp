#pragma once

#include <memory>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// Rows [row_begin, row_end) and columns [column_begin, column_end) of a matrix.
struct Block {
  int64_t row_begin, row_end, column_begin, column_end;
};

/// Disjoint blocks outside of which a matrix is zero; null if dividing the matrix saves too little.
using Blocks = std::shared_ptr<const std::vector<Block>>;

/// Blocks of a 0/1 mask, at most 16 bands of rows with the runs of columns they use; null if they would not save a
/// quarter of the products. Throws ShapeError unless the mask is a matrix.
Blocks mask_blocks(const Tensor& mask);

/// x Wᵀ + b for a W that is zero outside `blocks`. Only the blocks are multiplied, and only they get a gradient.
///
/// x of shape (…, in), W of (out, in), b of (out) or undefined. The triangular masks of autoregressive and hollow
/// networks keep about half of the products. Throws ShapeError.
Tensor block_linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const Blocks& blocks);

}  // namespace dimwise
