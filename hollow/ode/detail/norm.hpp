#pragma once

#include "hollow/ode/odeint.hpp"

namespace dimwise::ode {

/// A component of a state: tensor and element. A negative `tensor` means none.
struct Component {
  int tensor = -1;
  int64_t element = 0;
};

/// The first component that is NaN or infinite.
Component first_non_finite(const State& y);
/// Text for messages: "tensor 0, element 3 = 1.5".
std::string describe(const Component& which, const State& y);

/// The error norm, in units of the tolerance: the largest RMS of e / (atol + rtol·|y|) over a row of the controlled
/// tensors, or the RMS over all of them, as `OdeOptions::per_sample` says.
class Norm {
 public:
  /// Throws ShapeError or ValueError for tolerances that do not fit y0.
  Norm(const State& y0, const OdeOptions& options);

  /// 1 / (atol + rtol·|y|) for every tensor.
  State weights(const State& y) const;
  /// ‖v ⊙ w‖ of the controlled tensors.
  double operator()(const State& v, const State& w) const;
  /// The error of a step from y to y1: ‖e / (atol + rtol·max(|y|, |y1|))‖.
  double operator()(const State& error, const State& y, const State& y1) const;
  /// The same of each row, and then of each tensor that is a row by itself.
  std::vector<double> rows(const State& v, const State& w) const;
  std::vector<double> rows(const State& error, const State& y, const State& y1) const;
  /// The component with the largest error.
  Component worst(const State& error, const State& y, const State& y1) const;

  bool controlled(size_t i) const { return controlled_.empty() || controlled_[i]; }

 private:
  // The root of the mean of the squares of each row, square(i, begin, end) being their sum over a part of tensor i.
  template <class Square>
  std::vector<double> each_row(const State& like, Square&& square) const;
  double scale(size_t i, size_t j, double size) const;

  double rtol_, atol_;
  std::vector<std::vector<double>> rtols_, atols_;  // of each tensor; empty: the scalar
  std::vector<bool> controlled_;
  int64_t rows_ = 1;
  std::vector<bool> apart_;  // the tensors that do not have these rows
};

}  // namespace dimwise::ode
