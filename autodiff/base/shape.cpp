#include "autodiff/base/shape.hpp"

#include <algorithm>
#include <ostream>

#include "autodiff/base/error.hpp"

namespace dimwise {

Shape::Shape(std::initializer_list<int64_t> dims) {
  for (const int64_t dim : dims) push_back(dim);
}

Shape::Shape(const std::vector<int64_t>& dims) {
  for (const int64_t dim : dims) push_back(dim);
}

void Shape::no_axis(int axis) const {
  fail<ShapeError>("axis", "axis ", axis, " is out of range for shape ", *this, ". Use -", rank_, " … ", rank_ - 1,
                   ".");
}
void Shape::too_many_axes() { fail<ShapeError>("shape", "more than ", max_rank, " axes. Reshape to fewer."); }

Shape Shape::without(int axis) const {
  Shape result;
  for (int i = 0; i < rank_; ++i)
    if (i != axis) result.push_back((*this)[i]);
  return result;
}

Shape Shape::with(int axis, int64_t dim) const {
  Shape result;
  for (int i = 0; i < axis; ++i) result.push_back((*this)[i]);
  result.push_back(dim);
  for (int i = axis; i < rank_; ++i) result.push_back((*this)[i]);
  return result;
}

Shape Shape::with_last(int64_t dim) const {
  Shape result = *this;
  result[normalize(-1)] = dim;
  return result;
}

std::string Shape::str() const {
  std::string text = "(";
  for (int i = 0; i < rank_; ++i) text += (i ? ", " : "") + std::to_string((*this)[i]);
  return text + (rank_ == 1 ? ",)" : ")");
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.str(); }

Shape broadcast(const char* where, const Shape& a, const Shape& b) {
  if (a == b) return a;
  const int rank = std::max(a.rank(), b.rank());
  Shape result;
  for (int i = 0; i < rank; ++i) {
    const int ia = i - (rank - a.rank()), ib = i - (rank - b.rank());
    const int64_t da = ia < 0 ? 1 : a[ia], db = ib < 0 ? 1 : b[ib];
    if (da != db && da != 1 && db != 1)
      fail<ShapeError>(where, "shapes do not broadcast: ", a, " and ", b,
                       ". Axes, counted from the last, must be equal or 1: reshape one of them.");
    result.push_back(da == 1 ? db : da);
  }
  return result;
}

}  // namespace dimwise
