#include <optional>

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "hollow/solve/linear/diagonal.hpp"
#include "hollow/solve/methods/iteration.hpp"

namespace dimwise::roots {

namespace {

void check_like(const char* what, const Tensor& given, const Tensor& y) {
  if (given.shape() != y.shape())
    fail<ShapeError>("find_root", what, " has shape ", given.shape(), " where y has ", y.shape(),
                     ". There must be one equation for each unknown.");
  if (given.dtype() != y.dtype())
    fail<DTypeError>("find_root", what, " is ", given.dtype(), " where y is ", y.dtype(), ". Cast it with astype.");
}

}  // namespace

Point Evaluator::at(const Tensor& y, bool tape, bool diagonal) {
  ++statistics.evaluations;
  const bool keep = recording(), record = tape || looks_;
  Point point;
  point.y = y;
  Tensor argument = y;
  std::optional<GradMode> on;
  if (record) {
    on.emplace(true);
    argument = alias(y);
  }
  if (diagonal && equation_.both) {
    std::tie(point.f, point.diagonal) = equation_.both(argument);
    ++statistics.diagonals;
    check_like("the diagonal", point.diagonal, y);
    point.diagonal = stop_gradient(point.diagonal);
  } else {
    point.f = equation_.residual(argument);
  }
  check_like("F(y)", point.f, y);
  if (record) {
    auto recorded = std::make_shared<const Tape>(std::vector{point.f}, std::vector{argument});
    captures_ = captures_ || recorded->has_captures();
    looks_ = false;
    if (!keep || !(recorded->has_captures() || y.tracked())) point.f = stop_gradient(point.f);
    if (tape) point.tape = std::move(recorded);
  }
  return point;
}

Tensor Evaluator::diagonal(const Point& at) {
  const NoGrad guard;
  Tensor d = at.diagonal;
  if (!d.defined()) {
    if (!equation_.diagonal) return d;
    d = equation_.diagonal(at.y);
    ++statistics.diagonals;
    check_like("the diagonal", d, at.y);
  }
  return away_from_zero(d, options_.smallest_diagonal, &statistics.guarded);
}

}  // namespace dimwise::roots
