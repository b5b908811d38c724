#pragma once

#include <string>
#include <vector>

namespace dimwise {

/// A Runge–Kutta method as data: k_i = f(t + c_i h, y + h Σ_j a_ij k_j), y₁ = y + h Σ b_i k_i.
struct Tableau {
  std::string name;
  int order;
  /// Stages beyond those of b are only evaluated for the interpolant.
  std::vector<double> c;
  std::vector<std::vector<double>> a;  ///< row i has at most i entries, or i + 1 for a diagonally implicit stage
  std::vector<double> b;
  std::vector<double> error;  ///< b minus the weights of the embedded method; empty if there is none
  /// y(t + θh) = y + h Σ_i b_i(θ) k_i with b_i(θ) = Σ_j interpolant[i][j] θ^(j+1).
  std::vector<std::vector<double>> interpolant;
  int interpolant_order;
  bool fsal = false;  ///< the last stage of b is f(t + h, y₁): the first of the next step
  /// b minus the weights of a second embedded method, of lower order: the norm of the error is then
  /// ‖error‖² / √(‖error‖² + 0.01 ‖error_low‖²).
  std::vector<double> error_low = {};
  /// The explicit method of an additive pair, which has the same c, b and error; empty if there is none.
  std::vector<std::vector<double>> explicit_a = {};
  /// The interpolant of the pair.
  std::vector<std::vector<double>> additive_interpolant = {};
  int additive_interpolant_order = 0;

  size_t stages() const { return b.size(); }
  /// The extent of the stability region along the negative real axis: the first |z| with |R(−z)| > 1.
  double real_stability() const;
  bool adaptive() const { return !error.empty(); }
  bool additive() const { return !explicit_a.empty(); }
};

/// The explicit method of that name. Throws ValueError if there is none.
const Tableau& tableau(const std::string& name);
/// All explicit methods.
const std::vector<const Tableau*>& tableaux();

// The families of explicit methods.
std::vector<const Tableau*> classic_tableaux();
std::vector<const Tableau*> bogacki_shampine_tableaux();
std::vector<const Tableau*> dormand_prince_tableaux();
std::vector<const Tableau*> tsitouras_tableaux();
std::vector<const Tableau*> dormand_prince_853_tableaux();
/// Diagonally implicit with an explicit first stage, stiffly accurate: y₁ is the last stage.
std::vector<const Tableau*> esdirk_tableaux();
/// Radau IIA of order 5, after an explicit stage that only the error estimate reads.
const Tableau& radau_tableau();

}  // namespace dimwise
