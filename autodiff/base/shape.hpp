#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <vector>

namespace dimwise {

/// The lengths of a tensor's axes, row-major, at most `max_rank` of them; also used for lists of axes.
///
/// Stored inline, so that constructing a shape never allocates. Throws ShapeError above `max_rank`.
class Shape {
 public:
  static constexpr int max_rank = 8;

  Shape() = default;
  Shape(std::initializer_list<int64_t> dims);
  explicit Shape(const std::vector<int64_t>& dims);

  int rank() const { return rank_; }
  /// Length of one axis; negative axes count from the end. Throws ShapeError when there is no such axis.
  int64_t dim(int axis) const { return dims_[static_cast<size_t>(normalize(axis))]; }
  int64_t operator[](int axis) const { return dim(axis); }
  int64_t& operator[](int axis) { return dims_[static_cast<size_t>(normalize(axis))]; }
  const int64_t* begin() const { return dims_.data(); }
  const int64_t* end() const { return dims_.data() + rank_; }

  /// Number of elements: the product of the lengths, 1 for a 0-d shape.
  int64_t size() const { return inner(-1); }
  /// An axis counted from the front. Throws ShapeError when there is no such axis.
  int normalize(int axis) const {
    const int positive = axis < 0 ? axis + rank_ : axis;
    if (positive < 0 || positive >= rank_) no_axis(axis);
    return positive;
  }
  void push_back(int64_t dim) {
    if (rank_ == max_rank) too_many_axes();
    dims_[static_cast<size_t>(rank_++)] = dim;
  }
  /// The shape without `axis`, and with `dim` inserted at `axis`.
  Shape without(int axis) const;
  Shape with(int axis, int64_t dim) const;
  /// The shape with another length of the last axis. Throws ShapeError for a 0-d shape.
  Shape with_last(int64_t dim) const;
  /// The product of the lengths before, and after, an axis.
  int64_t outer(int axis) const {
    int64_t size = 1;
    for (int i = 0; i < axis; ++i) size *= begin()[i];
    return size;
  }
  int64_t inner(int axis) const {
    int64_t size = 1;
    for (int i = axis + 1; i < rank_; ++i) size *= begin()[i];
    return size;
  }

  bool operator==(const Shape& other) const {
    bool same = rank_ == other.rank_;
    for (int i = 0; same && i < rank_; ++i) same = begin()[i] == other.begin()[i];
    return same;
  }
  bool operator!=(const Shape& other) const { return !(*this == other); }
  std::string str() const;

 private:
  [[noreturn]] void no_axis(int axis) const;
  [[noreturn]] static void too_many_axes();

  std::array<int64_t, max_rank> dims_{};
  int rank_ = 0;
};

std::ostream& operator<<(std::ostream& out, const Shape& shape);

/// The common shape of NumPy broadcasting. Throws ShapeError with `where`.
Shape broadcast(const char* where, const Shape& a, const Shape& b);

}  // namespace dimwise
