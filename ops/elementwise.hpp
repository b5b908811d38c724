#pragma once

#include "autodiff/tensor.hpp"

namespace dimwise {

// Functions of each element. Shapes and dtypes are kept; out of the domain the value is IEEE's NaN or infinity.

/// eˣ.
Tensor exp(const Tensor& x);
/// eˣ − 1, accurate near 0.
Tensor expm1(const Tensor& x);
/// ln x.
Tensor log(const Tensor& x);
/// ln(1 + x), accurate near 0.
Tensor log1p(const Tensor& x);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor tanh(const Tensor& x);
/// 1 / (1 + e⁻ˣ).
Tensor sigmoid(const Tensor& x);
/// ln(1 + eˣ), without overflow; the derivative is sigmoid(x).
Tensor softplus(const Tensor& x);
/// x·sigmoid(x).
Tensor silu(const Tensor& x);
/// max(x, 0); the derivative at 0 is 0. Not smooth: not for a transformer whose higher derivatives are trained.
Tensor relu(const Tensor& x);
/// x for x > 0, eˣ − 1 below.
Tensor elu(const Tensor& x);
/// x·Φ(x), with Φ the normal distribution function.
Tensor gelu(const Tensor& x);
/// √x; the derivative at 0 is taken as 0, so that a norm has a finite gradient everywhere.
Tensor sqrt(const Tensor& x);
/// 1/√x.
Tensor rsqrt(const Tensor& x);
Tensor square(const Tensor& x);
/// |x|; the derivative at 0 is 0.
Tensor abs(const Tensor& x);
/// The error function 2/√π ∫₀ˣ e^(−t²) dt.
Tensor erf(const Tensor& x);

}  // namespace dimwise
