#pragma once

#include "autodiff/basic.hpp"

namespace dimwise {

// Arithmetic with NumPy broadcasting. A double takes the tensor's dtype, and a 0-d operand that of the operands that
// have axes, as in PyTorch: its gradient is cast back. All throw ShapeError if shapes do not broadcast, and DTypeError
// if two operands with axes, or two 0-d ones, differ in dtype.

/// a − b.
Tensor sub(Tensor a, Tensor b);
/// a / b. IEEE at b = 0.
Tensor div(Tensor a, Tensor b);
/// a^b. ∂/∂b is 0 for a ≤ 0, NaN for a NaN a; at b = 0 the derivative with respect to a is 0, even if a is 0 or NaN.
Tensor pow(Tensor a, Tensor b);
Tensor pow(const Tensor& a, double b);
/// The larger of a and b; if they are equal, each gets half of the derivative. If one is NaN, the result is NaN and
/// both derivatives are 0.
Tensor maximum(Tensor a, Tensor b);
/// The smaller of a and b; if they are equal, each gets half of the derivative. NaN as for maximum.
Tensor minimum(Tensor a, Tensor b);
/// x limited to [low, high]; the derivative is 1 at the bounds, 0 beyond. NaN gives NaN, with derivative 1. Throws
/// ValueError unless low ≤ high.
Tensor clip(const Tensor& x, double low, double high);

// Comparisons give 1 for true and 0 for false, in the operands' dtype, untracked: their derivative is zero.

Tensor greater(const Tensor& a, const Tensor& b);
Tensor greater_equal(const Tensor& a, const Tensor& b);
Tensor less(const Tensor& a, const Tensor& b);
Tensor less_equal(const Tensor& a, const Tensor& b);
Tensor equal(const Tensor& a, const Tensor& b);
Tensor not_equal(const Tensor& a, const Tensor& b);

/// a where the condition is not 0, b elsewhere; all three broadcast. A NaN that is not chosen affects neither the value
/// nor the gradient.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
Tensor where(const Tensor& condition, const Tensor& a, double b);
Tensor where(const Tensor& condition, double a, const Tensor& b);
Tensor where(const Tensor& condition, double a, double b);

inline Tensor operator-(Tensor x) { return neg(std::move(x)); }
inline Tensor operator+(Tensor a, Tensor b) { return add(std::move(a), std::move(b)); }
inline Tensor operator-(Tensor a, Tensor b) { return sub(std::move(a), std::move(b)); }
inline Tensor operator*(Tensor a, Tensor b) { return mul(std::move(a), std::move(b)); }
inline Tensor operator/(Tensor a, Tensor b) { return div(std::move(a), std::move(b)); }
inline Tensor operator+(const Tensor& a, double b) { return add(a, scalar(b, a.dtype())); }
inline Tensor operator-(const Tensor& a, double b) { return add(a, scalar(-b, a.dtype())); }
inline Tensor operator*(Tensor a, double b) { return scale(std::move(a), b); }
inline Tensor operator/(Tensor a, double b) { return divide(std::move(a), b); }
inline Tensor operator+(double a, const Tensor& b) { return b + a; }
inline Tensor operator-(double a, const Tensor& b) { return sub(scalar(a, b.dtype()), b); }
inline Tensor operator*(double a, Tensor b) { return scale(std::move(b), a); }
inline Tensor operator/(double a, const Tensor& b) { return div(scalar(a, b.dtype()), b); }
inline Tensor operator>(const Tensor& a, const Tensor& b) { return greater(a, b); }
inline Tensor operator>=(const Tensor& a, const Tensor& b) { return greater_equal(a, b); }
inline Tensor operator<(const Tensor& a, const Tensor& b) { return less(a, b); }
inline Tensor operator<=(const Tensor& a, const Tensor& b) { return less_equal(a, b); }
inline Tensor operator>(const Tensor& a, double b) { return greater(a, scalar(b, a.dtype())); }
inline Tensor operator>=(const Tensor& a, double b) { return greater_equal(a, scalar(b, a.dtype())); }
inline Tensor operator<(const Tensor& a, double b) { return less(a, scalar(b, a.dtype())); }
inline Tensor operator<=(const Tensor& a, double b) { return less_equal(a, scalar(b, a.dtype())); }

}  // namespace dimwise
