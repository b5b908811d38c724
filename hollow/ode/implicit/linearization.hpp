#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "hollow/ode/detail/system.hpp"

namespace dimwise::ode {

/// The correctors, without `automatic`, which uses one of these at a time.
enum class CorrectorKind : uint8_t { functional, jacobi_newton, newton, newton_krylov };
const char* name(CorrectorKind kind);

/// Denominators 1 − γ D closer to 0 are moved to ± this.
inline constexpr double smallest_denominator = 0.1;
/// A relative change of γ beyond which the off-diagonal radius is measured again.
inline constexpr double gamma_change = 0.3;

/// An approximation of ∂f/∂y of the unknowns, taken at one (t, y) and reused while it suffices: nothing (functional),
/// D f (jacobi_newton), the matrix, dense or sparse (newton), or products with it and D f (newton_krylov).
///
/// `automatic` starts with jacobi_newton if the term has its diagonal, otherwise with newton; it changes to
/// newton_krylov if there are more than 200 unknowns and their matrix is not sparse. For methods that are not for stiff
/// problems it starts with functional. The statistics name the corrector in use.
class Linearization {
 public:
  Linearization(std::shared_ptr<System> system, bool stiff);

  CorrectorKind kind() const { return kind_; }
  bool functional() const { return kind_ == CorrectorKind::functional; }
  bool automatic() const { return automatic_; }
  /// Automatic and jacobi_newton: whether the diagonal is measured by `off_diagonal_radius`.
  bool watched() const { return automatic_ && kind_ == CorrectorKind::jacobi_newton; }

  /// Computes the linearization at (t, y). Returns f there, if it was computed too.
  std::optional<State> refresh(double t, const State& y);
  /// f at (t, y); newton_krylov takes its products at this point.
  State follow(double t, const State& y);
  /// Whether it was taken at this t; always true for functional.
  bool fresh(double t) const { return functional() || (serial_ > 0 && t_ == t); }
  /// The number of refreshes.
  int64_t serial() const { return serial_; }
  /// The term's preconditioner of newton_krylov, at the point of the last refresh; null if it has none.
  std::function<Tensor(const Tensor& v)> preconditioner(double gamma) const {
    return system_->preconditioner(t_, y_, gamma);
  }
  /// Frees the recorded evaluations that the products use.
  void release();

  /// The off-diagonal radius of a step with that γ: the spectral radius of γ (1 − γ D)⁻¹ (∂f/∂y − D), by the power
  /// method from `start`, in the norm of `weights`. Nothing unless `watched`, or if it was already measured with a
  /// similar γ. Cost: five products with ∂f/∂y.
  std::optional<double> off_diagonal_radius(double gamma, const Tensor& start, const Tensor& weights);
  /// Whether that radius is small enough. The limit is larger for many unknowns, since their whole Jacobian is
  /// expensive.
  bool diagonal_suffices(double radius) const;
  /// Automatic: changes to a corrector that needs no dominant diagonal. Returns whether there was one to change to.
  bool fall_back();

  Tensor diagonal;  ///< (…, n), or undefined
  Jacobian jacobian;
  std::function<Tensor(const Tensor& v)> product;

 private:
  void use(CorrectorKind kind);

  std::shared_ptr<System> system_;
  bool automatic_;
  CorrectorKind kind_ = CorrectorKind::functional;
  std::function<Tensor(const Tensor& v)> watched_product_;
  double watched_gamma_ = 0, t_ = 0;
  State y_;  // of newton_krylov
  int64_t serial_ = 0;
};

}  // namespace dimwise::ode
