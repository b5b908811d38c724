#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace dimwise::bench {

/// An initial value problem from t = 0, in the form that CVODE takes.
struct CvodeProblem {
  std::function<void(double t, const double*y, double*f)> f, diagonal;
  std::vector<double> y0, atol;
  double rtol = 1e-6, t1 = 1;
  long lower = 0, upper = 0;  ///< the bandwidths of ∂f/∂y, for band
};

struct CvodeRun {
  bool done = false;
  double reached = 0, seconds = 0;
  int64_t f = 0, f_for_jacobians = 0, diagonals = 0, steps = 0, failures = 0;
  std::vector<double> y;
};

/// Whether SUNDIALS was found at build time.
bool has_cvode();

/// Solves by `family` (bdf, adams) and `corrector`: dense and band (difference quotients), diagonal (exact: a custom
/// linear solver that divides by 1 − γ ∂f_i/∂y_i), cvdiag (CVDiag), functional. Stops after `most_f` evaluations.
CvodeRun cvode(const CvodeProblem& problem, const std::string& family, const std::string& corrector, int64_t most_f);

}  // namespace dimwise::bench
