#pragma once
// Arithmetic of Taylor series, so that derivative rules are written once for both tensors and series.

#include "autodiff/series.hpp"

namespace dimwise {

Series operator-(const Series& x);
Series operator+(const Series& a, const Series& b);
Series operator-(const Series& a, const Series& b);
Series operator*(const Series& a, const Series& b);
Series operator/(const Series& a, const Series& b);
Series operator+(const Series& a, double b);
Series operator-(const Series& a, double b);
Series operator*(const Series& a, double b);
Series operator/(const Series& a, double b);
Series operator+(double a, const Series& b);
Series operator-(double a, const Series& b);
Series operator*(double a, const Series& b);
Series operator/(double a, const Series& b);

// Comparisons use only the value.
Tensor operator>(const Series& a, double b);
Tensor operator<(const Series& a, double b);
Tensor operator>=(const Series& a, const Series& b);
Tensor operator<=(const Series& a, const Series& b);
Series where(const Tensor& condition, const Series& a, const Series& b);
Series where(const Tensor& condition, const Series& a, double b);
Series where(const Tensor& condition, double a, const Series& b);

Series exp(const Series& x);
Series log(const Series& x);
Series cos(const Series& x);
Series sin(const Series& x);
Series sigmoid(const Series& x);
Series tanh(const Series& x);
Series pow(const Series& a, const Series& b);
Series sum_to(const Series& x, const Shape& shape);
Series broadcast_to(const Series& x, const Shape& shape);

}  // namespace dimwise
