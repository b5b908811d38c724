#pragma once
// Powell's dogleg: how far a method that descends follows its update, and when it turns to steepest descent.

#include <limits>
#include <vector>

#include "hollow/solve/methods/iteration.hpp"

namespace dimwise::roots {

/// A trust region for each system: for each row, or for all rows together if they are coupled.
///
/// The step of radius Δ, in tolerances, is the update p_N if that is short enough, or else the point at distance Δ on
/// the path from 0 to p_C, the minimum of ‖M (F + ∂F p)‖ along steepest descent, and on to p_N. M are the weights of
/// the update. A trial is accepted if ‖M F‖² falls by a share of what the linearization predicts. Powell (1970);
/// Nocedal & Wright, Numerical Optimization (2006), 11.2.
class TrustRegion {
 public:
  TrustRegion(const Iteration::Traits& traits, const Solve& solve) : coupled_(traits.coupled), solve_(solve) {}

  /// Begins a search from a point. An update without a step is steepest descent in all systems.
  void begin(const Point& at, const Iteration::Update& update, const Scale& scale);
  /// The step to the next trial; undefined if a system has no update and F no direction of descent.
  Tensor step();
  /// Judges the trial by F there and by the lengths of the corrections before and there, row by row. Returns whether
  /// all systems accept it.
  bool accepts(const Tensor& f, const std::vector<double>& before, const std::vector<double>& after);
  /// `converged`, or why further trials are of no use.
  RootStatus verdict() const { return verdict_; }

 private:
  struct System {
    double radius = std::numeric_limits<double>::infinity();
    double newton = 0, cauchy = 0, inner = 0;  // ‖p_N‖², ‖p_C‖², ⟨p_N, p_C⟩
    double f = 0, merit = 0, gain = 0;         // ‖F‖², ‖M F‖² and the share of it that p_C takes away
    double a = 0, b = 0;                       // the step, undamped, is a p_N + b p_C
    bool singular = false, accepted = false;   // singular: there is no p_N
    int slow = 0;                              // successive steps that hardly reduced the merit
    bool whole() const { return !singular && newton <= radius * radius; }
  };

  void find_cauchy();
  void place(System& s);
  bool judge(System& s, double merit, double before, double after);
  /// Of each system, the mean of x ⊙ y ⊙ weights².
  std::vector<double> products(const Tensor& x, const Tensor& y, const Tensor& weights) const;

  const bool coupled_;
  const Solve& solve_;
  std::vector<System> systems_;
  Point at_;
  Tensor newton_, cauchy_, f_weights_, y_weights_;
  double rounding_ = 0;
  RootStatus verdict_ = RootStatus::converged;
};

}  // namespace dimwise::roots
