#pragma once

#include "ops/layout.hpp"

namespace dimwise {

/// The matrix with orthonormal columns nearest to A, its polar factor: Q = A (AᵀA)^−½.
///
/// Iterates Q ← Q (3I − QᵀQ)/2 from A/‖A‖. The step from an error max|QᵀQ − I| below 1e-8 (1e-5 in
/// float32) is the last one, and its error is about the square of that. A and Q have shape (…, d, m), m ≤ d.
/// Differentiated through the iterations. Throws ShapeError for m > d, SolverError for columns whose smallest singular
/// value is below about 100 units of rounding of ‖A‖. Björck & Bowie: An
/// Iterative Algorithm for Computing the Best Estimate of an Orthogonal Matrix (1971).
///
/// Example: `Tensor q = orthonormal_columns(Rng(0).normal({64, 8}));`
Tensor orthonormal_columns(const Tensor& a);

/// Q x with Q = H₁ H₂ … H_n a product of Householder reflections H_i = I − 2 v_i v_iᵀ/‖v_i‖², or Qᵀx.
///
/// x of shape (…, d) and v of shape (…, n, d), which broadcast, give (…, d). Throws ShapeError.
///
/// Example: `Tensor y = reflect(x, v), back = reflect(y, v, true);  // x again`
Tensor reflect(const Tensor& x, const Tensor& v, bool transposed = false);

}  // namespace dimwise
