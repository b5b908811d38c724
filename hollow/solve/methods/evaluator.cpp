#include <tuple>

#include "autodiff/context.hpp"
#include "autodiff/traced.hpp"
#include "hollow/solve/linear/detail/vectors.hpp"
#include "hollow/solve/linear/diagonal.hpp"
#include "hollow/solve/methods/iteration.hpp"

namespace dimwise::roots {

Point Evaluator::at(const Tensor& y, bool tape, bool diagonal) {
  ++statistics.evaluations;
  Point point;
  point.y = y;
  const auto evaluate = [&](const Tensor& argument) {
    Tensor f;
    if (diagonal && equation_.both) {
      std::tie(f, point.diagonal) = equation_.both(argument);
      ++statistics.diagonals;
      vectors::check_like("find_root", "the diagonal", point.diagonal, "y", y);
      point.diagonal = stop_gradient(point.diagonal);
    } else {
      f = equation_.residual(argument);
    }
    vectors::check_like("find_root", "F(y)", f, "y", y);
    return f;
  };
  if (!tape && !looks_) {
    point.f = evaluate(y);
    return point;
  }
  const auto traced = std::make_shared<const Traced>(y, evaluate);
  captures_ = captures_ || traced->tape().has_captures();
  looks_ = false;
  point.f = traced->value();
  if (tape) point.tape = {traced, &traced->tape()};
  return point;
}

Tensor Evaluator::diagonal(const Point& at) {
  const NoGrad guard;
  Tensor d = at.diagonal;
  if (!d.defined()) {
    if (!equation_.diagonal) return d;
    d = equation_.diagonal(at.y);
    ++statistics.diagonals;
    vectors::check_like("find_root", "the diagonal", d, "y", at.y);
  }
  return away_from_zero(d, options_.smallest_diagonal, &statistics.guarded);
}

}  // namespace dimwise::roots
