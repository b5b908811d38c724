#pragma once
// When F is small enough for a root.

#include "hollow/solve/methods/scale.hpp"

namespace dimwise::roots {

/// Compares the RMS of F in each row with the largest that a root may have: that at the start times
/// max(ftol, min(1/δ, 1/10), ε/δ), where δ is the first correction and ε the rounding of y, in tolerances.
class ResidualTest {
 public:
  explicit ResidualTest(double ftol) : ftol_(ftol) {}

  void begin(const Tensor& f, const std::vector<double>& corrections, const Scale& scale) {
    const double eps =
        f.dtype() == DType::float32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
    largest_ = row_norms(f);
    for (size_t row = 0; row < largest_.size(); ++row) {
      double share = std::max(ftol_, 64 * eps);
      if (const double delta = corrections[row]; delta > 0)
        share = std::max({share, std::min(1 / delta, least_progress), scale.rounding() / delta});
      largest_[row] *= share;
    }
  }
  /// F in units of what a root may have, in the worst row; infinite before the begin.
  double measure(const Tensor& f) const {
    const std::vector<double> norms = row_norms(f);
    double worst = largest_.empty() ? std::numeric_limits<double>::infinity() : 0;
    for (size_t row = 0; row < largest_.size(); ++row)
      if (norms[row] > 0) worst = std::max(worst, norms[row] / largest_[row]);
    return worst;
  }

 private:
  static constexpr double least_progress = 0.1;

  const double ftol_;
  std::vector<double> largest_;
};

}  // namespace dimwise::roots
