#pragma once

#include "autodiff/tensor.hpp"

namespace dimwise {

// Functions of each element. Shapes and dtypes are kept; outside the domain the value is NaN or infinity, as in IEEE
// 754. A value depends on its element alone, not on its position or neighbors; results underflow gradually.
//
// Derivatives at special points:
//   relu, abs      0 at ±0
//   elu            1 at ±0
//   sqrt           0 at ±0, NaN below
//   rsqrt          −½y³ of the value y: −∞ at 0, ∞ at −0, NaN below
//   log, log1p     1/x and 1/(1 + x) everywhere, so infinite where that overflows, as below 5.6e-309: a tangent in
//                  proportion to x does not bring it back, in Taylor series neither
//   tanh           1 − y² of the value y: 0 where y rounds to ±1, from |x| = 9 on in float32 and 19 in float64
//   sigmoid, softplus, log_sigmoid, silu, gelu, elu, erf, erfc
//                  the limits at ±∞
//   any            NaN at NaN, as the value is; at a kink, higher derivatives are those of the branch that is taken

/// eˣ.
Tensor exp(Tensor x);
/// eˣ − 1, accurate near 0.
Tensor expm1(Tensor x);
/// ln x.
Tensor log(Tensor x);
/// ln(1 + x), accurate near 0.
Tensor log1p(Tensor x);
Tensor sin(Tensor x);
Tensor cos(Tensor x);
/// tanh x. The derivative is 1 − y², as in JAX and PyTorch: within 4 ulp for |x| < 1.3. Beyond, its absolute error is
/// that of y, which does not tell how far x is in the tail; to keep x too would cost memory and time.
Tensor tanh(Tensor x);
/// 1 / (1 + e⁻ˣ).
Tensor sigmoid(Tensor x);
/// ln(1 + eˣ), without overflow; the derivative is sigmoid(x).
Tensor softplus(Tensor x);
/// ln sigmoid(x) = −ln(1 + e⁻ˣ), accurate in both tails; the derivative is sigmoid(−x).
Tensor log_sigmoid(Tensor x);
/// x·sigmoid(x).
Tensor silu(Tensor x);
/// max(x, 0); the derivative at 0 is 0. Not smooth: do not use it in a transformer trained through higher derivatives.
Tensor relu(Tensor x);
/// x for x > 0, eˣ − 1 below.
Tensor elu(Tensor x);
/// x·Φ(x), with Φ the normal distribution function.
Tensor gelu(Tensor x);
/// √x; the derivative at 0 is defined as 0, so that a norm has a finite gradient everywhere.
Tensor sqrt(Tensor x);
/// 1/√x.
Tensor rsqrt(Tensor x);
Tensor square(Tensor x);
/// |x|; the derivative at 0 is 0.
Tensor abs(Tensor x);
/// The error function 2/√π ∫₀ˣ e^(−t²) dt.
Tensor erf(Tensor x);
/// 1 − erf x, accurate even if small.
Tensor erfc(Tensor x);

}  // namespace dimwise
