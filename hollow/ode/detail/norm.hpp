#pragma once

#include "hollow/ode/odeint.hpp"

namespace dimwise::ode {

/// A component of a state: tensor and element. None if `tensor` is negative.
struct Component {
  int tensor = -1;
  int64_t element = 0;
};

/// The first component that is a NaN or an infinity.
Component first_non_finite(const State& y);
/// For people: "tensor 0, element 3 = 1.5".
std::string describe(const Component& which, const State& y);

/// The size of errors in units of the tolerance: the RMS of e / (atol + rtol·|y|) over the controlled tensors, or, per
/// sample, the largest RMS over what belongs to one index of the first axis.
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
  /// The component whose error is the largest.
  Component worst(const State& error, const State& y, const State& y1) const;

  bool controlled(size_t i) const { return controlled_.empty() || controlled_[i]; }

 private:
  // Σ over the controlled tensors of square(i, j), a sample at a time; then the root of the mean, the largest sample.
  template <class Square>
  double mean(const State& like, Square&& square) const;
  double scale(size_t i, size_t j, double size) const;

  double rtol_, atol_;
  std::vector<std::vector<double>> rtols_, atols_;  // of each tensor; empty for the scalars
  std::vector<bool> controlled_;
  int64_t samples_ = 1;
};

}  // namespace dimwise::ode
