#pragma once

#include "autodiff/tensor.hpp"

namespace dimwise {

struct MatmulOptions {
  bool transpose_a = false, transpose_b = false;  ///< of the last two axes, without a copy
};

/// op(a) op(b) over the last two axes, leading axes broadcast as batch. Throws ShapeError.
///
/// Shapes (…, m, k) and (…, k, n) give (…, m, n). Cost: GEMM, one call if the batch can be folded into m.
Tensor matmul(const Tensor& a, const Tensor& b, const MatmulOptions& options = {});

/// x Wᵀ + b: x of shape (…, in), W of (out, in), b of (out) or undefined for none. Throws ShapeError.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = Tensor());

/// y = x₁ W₁ᵀ + x₂ W₂ᵀ + b: a linear layer of the concatenation of x₁ and x₂, which is not computed. Throws ShapeError.
Tensor linear(const Tensor& x1, const Tensor& weight1, const Tensor& x2, const Tensor& weight2, const Tensor& bias);

}  // namespace dimwise
