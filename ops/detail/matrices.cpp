#include "ops/detail/matrices.hpp"

#include <limits>

#include "autodiff/base/error.hpp"
#include "autodiff/op.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"

namespace dimwise::linalg {

namespace {

template <class T>
void refuse_element(const char* where, const char* operand, const Matrices& batch, int64_t element, T value) {
  const int64_t inside = element % batch.area();
  fail<ValueError>(where, operand, " is not finite: element ", Shape{inside / batch.columns, inside % batch.columns},
                   " of ", batch.name(element / batch.area()), " is ", value,
                   ". Every element must be finite; use DetectAnomaly to find the op that computed it.");
}

}  // namespace

Shape Matrices::with(const Shape& last) const {
  Shape shape = leading;
  for (const int64_t n : last) shape.push_back(n);
  return shape;
}

std::string Matrices::name(int64_t i) const {
  if (leading.rank() == 0) return "the matrix";
  Shape index = leading;
  for (int axis = leading.rank() - 1; axis >= 0; i /= leading[axis--]) index[axis] = i % leading[axis];
  return "matrix " + index.str() + " of the batch";
}

Matrices batch_of(const char* where, const Tensor& a) {
  if (a.rank() < 2) fail<ShapeError>(where, "A has shape ", a.shape(), ". It must be (…, m, n).");
  return {a.shape().without(a.rank() - 1).without(a.rank() - 2), static_cast<int>(a.dim(-2)),
          static_cast<int>(a.dim(-1))};
}

Matrices square_of(const char* where, const Tensor& a) {
  if (a.rank() < 2 || a.dim(-1) != a.dim(-2))
    fail<ShapeError>(where, "A has shape ", a.shape(), ". It must be square: (…, n, n).");
  return batch_of(where, a);
}

Matrices batch_beside(const char* where, const Tensor& a, const Tensor& b) {
  Shape expected = a.shape();
  if (b.rank() == a.rank()) expected[a.rank() - 1] = b.dim(-1);
  if (b.shape() != expected)
    fail<ShapeError>(where, "B has shape ", b.shape(), ", but A has ", a.shape(),
                     ". It must have A's leading axes and A's number of rows.");
  return batch_of(where, b);
}

void check_finite(const char* where, const char* operand, const Tensor& x) {
  dispatch(x.dtype(), [&](auto t) {
    const auto* data = x.node()->data<decltype(t)>();
    const int64_t bad = kernels::first_not_finite(data, x.size());
    if (bad >= 0) refuse_element(where, operand, batch_of(where, x), bad, data[bad]);
  });
}

void check_finite_triangle(const char* where, const Tensor& x, bool upper) {
  const Matrices batch = batch_of(where, x);
  const int64_t n = batch.columns;
  dispatch(x.dtype(), [&](auto t) {
    const auto* data = x.node()->data<decltype(t)>();
    for (int64_t row = 0; row < batch.count() * n; ++row) {
      const int64_t begin = row * n + (upper ? row % n : 0), length = upper ? n - row % n : row % n + 1;
      const int64_t bad = kernels::first_not_finite(data + begin, length);
      if (bad >= 0) refuse_element(where, "A", batch, begin + bad, data[begin + bad]);
    }
  });
}

void not_converged(const char* where, const std::string& name) {
  fail<ValueError>(where, "the iteration did not converge for ", name, ". Scale its elements to order 1.");
}

double epsilon(DType dtype) {
  return dispatch(dtype, [](auto t) { return static_cast<double>(std::numeric_limits<decltype(t)>::epsilon()); });
}

double relative_zero(const Tensor& a) {
  return static_cast<double>(std::max(a.dim(-1), a.dim(-2))) * epsilon(a.dtype());
}

Tensor pack(const Shape& leading, const List& parts) {
  List flat;
  for (const Tensor& x : parts)
    flat.push_back(reshape(x, Matrices{leading}.with({x.shape().inner(leading.rank() - 1)})));
  return concat(flat, -1);
}

List unpack(const Tensor& packed, const std::vector<Shape>& shapes) {
  List parts;
  int64_t begin = 0;
  for (const Shape& shape : shapes) {
    const int64_t end = begin + shape.inner(packed.rank() - 2);
    parts.push_back(reshape(slice(packed, -1, begin, end), shape));
    begin = end;
  }
  return parts;
}

Tensor symmetric(const Tensor& m) { return 0.5 * (m + transpose(m)); }
Tensor antisymmetric(const Tensor& m) { return 0.5 * (m - transpose(m)); }
Tensor lower_half(const Tensor& m) { return tril(m) - 0.5 * diag_embed(diagonal(m)); }

}  // namespace dimwise::linalg
