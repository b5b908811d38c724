#pragma once

#include "hollow/ode/detail/system.hpp"

namespace dimwise::ode {

/// What is known of ∂f/∂y of the unknowns where stages are coupled, taken at one (t, y) and kept for as long as it
/// serves: nothing (functional), D f (jacobi_newton), the matrix (newton), or products with it and D f (newton_krylov).
///
/// `automatic` starts with jacobi_newton where the term has its diagonal, and `watch` tells whether that serves; else
/// with newton, or newton_krylov where d > 200. The name of what is in use stands in the statistics.
class Linearization {
 public:
  explicit Linearization(const std::shared_ptr<System>& system);

  void refresh(double t, const State& y);
  /// Whether it is of this t, or of no t at all (functional).
  bool fresh(double t) const { return functional() || (serial_ > 0 && t_ == t); }
  /// Automatic: from jacobi_newton on to what needs no dominant diagonal. Whether there was something to change.
  bool fall_back();
  /// Automatic: falls back where the diagonal leaves too much uncorrected in a step with that γ. Whether it did.
  /// `start` is where the power method starts.
  bool watch(double gamma, const Tensor& start);

  bool functional() const { return corrector_ == "functional"; }
  /// Counts the refreshes.
  int64_t serial() const { return serial_; }

  Tensor diagonal, jacobian;  ///< (…, n) and (…, n, n), or undefined
  std::function<Tensor(const Tensor& v)> product;

 private:
  void use(std::string corrector);
  std::string whole() const;

  std::shared_ptr<System> system_;
  std::string corrector_;
  bool automatic_;
  std::function<Tensor(const Tensor& v)> watched_;  // products, while jacobi_newton is on probation
  double watched_gamma_ = 0;
  double t_ = 0;
  int64_t serial_ = 0;
};

}  // namespace dimwise::ode
