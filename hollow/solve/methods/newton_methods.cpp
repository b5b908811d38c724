// The methods that solve with the Jacobian: newton and newton_krylov.

#include <algorithm>

#include "autodiff/context.hpp"
#include "autodiff/custom.hpp"
#include "hollow/solve/linear/gmres.hpp"
#include "hollow/solve/linear/jacobian.hpp"
#include "hollow/solve/linear/lu.hpp"
#include "hollow/solve/methods/iteration.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::roots {

namespace {

// With a trust region, F_i is measured by the distance to where its linearization is 0, so that its units do not
// matter. In a singular system these distances are the corrections.
class Newton : public Iteration {
 public:
  explicit Newton(const Solve& solve)
      : Iteration({.tape = true, .superlinear = true, .exact = true, .descends = true}), solve_(solve) {}

  Update update(const Point& at, const Scale& scale) override {
    const Tensor jacobian = row_jacobian(*at.tape);
    ++solve_.evaluator.statistics.jacobians;
    lu_ = std::make_shared<const Lu>(jacobian);
    Update result;
    if (solve_.options.trust_region) {
      const NoGrad guard;
      const Tensor slopes = norm(jacobian / unsqueeze(scale.weights(), -2), {-1}), sloping = slopes > 0.0;
      result.weights = where(sloping, 1 / slopes, 0.0);
      if (lu_->singular()) result.singular = replace(jacobian, where(sloping, scale.weights() * slopes, 1.0));
    }
    if (lu_->singular()) return {};
    const auto solve = [lu = lu_](const Tensor& f) { return lu->solve(f); };
    const auto transposed = [lu = lu_](const Tensor& w) { return lu->solve_transposed(w); };
    result.step = -constant_map(at.f, solve(at.f), solve, transposed);
    return result;
  }
  Tensor correction(const Tensor& f) const override { return lu_->solve(f); }

 private:
  // Factorizes anew, with a diagonal for each singular matrix. Returns which are.
  std::vector<bool> replace(const Tensor& jacobian, const Tensor& diagonal) {
    std::vector<bool> singular;
    std::vector<double> mask;
    for (int64_t i = 0; i < diagonal.size() / diagonal.dim(-1); ++i) {
      singular.push_back(lu_->singular(i));
      mask.push_back(singular.back() ? 1 : 0);
    }
    const Tensor where_singular = tensor(mask, diagonal.shape().with_last(1), diagonal.dtype());
    lu_ = std::make_shared<const Lu>(where(unsqueeze(where_singular, -1), diag_embed(diagonal), jacobian));
    return singular;
  }

  const Solve& solve_;
  std::shared_ptr<const Lu> lu_;
};

// The linear system is solved to ‖F + ∂F step‖ ≤ η ‖F‖, with η chosen from the progress so far: Eisenstat & Walker
// (1996), choice 2, with their safeguard. If the diagonal is known, norms are of F / D in units of the tolerance.
class NewtonKrylov : public Iteration {
 public:
  explicit NewtonKrylov(const Solve& solve)
      : Iteration({.tape = true, .superlinear = true, .descends = true, .coupled = true}), solve_(solve) {}

  Update update(const Point& at, const Scale& scale) override {
    diagonal_ = solve_.evaluator.diagonal(at);
    GmresOptions how{.restart = restart, .max_iterations = solve_.options.max_linear_iterations};
    if (diagonal_.defined()) {
      how.preconditioner = [d = diagonal_](const Tensor& v) { return v / d; };
      how.weights = scale.weights() / abs(diagonal_);
    }
    how.rtol = forcing(scale.norm(correction(at.f)));
    const KrylovSolution s = gmres(product(at.tape), at.f, how);
    solve_.evaluator.statistics.products += s.iterations;
    if (!s.converged && !(s.residual < least_progress * row_norm(at.f, how.weights)))
      return {{}, correction(at.f), how.weights};
    // Gradients through the step are those of an exact solve.
    GmresOptions exact{.preconditioner = how.preconditioner,
                       .rtol = at.f.dtype() == DType::float32 ? 1e-5 : 1e-10,
                       .restart = restart,
                       .max_iterations = 10 * how.max_iterations};
    const auto solve = [tape = at.tape, exact](const Tensor& f) { return gmres(product(tape), f, exact).x; };
    const auto transposed = [tape = at.tape, exact](const Tensor& w) {
      return gmres([&](const Tensor& v) { return tape->pull({v})[0]; }, w, exact).x;
    };
    return {-constant_map(at.f, s.x, solve, transposed), correction(at.f), how.weights};
  }
  Tensor correction(const Tensor& f) const override { return diagonal_.defined() ? f / diagonal_ : f; }

 private:
  static constexpr int64_t restart = 30;
  static constexpr double loosest = 0.5, gamma = 0.9, alpha = 2, least_progress = 0.99;

  static Function product(std::shared_ptr<const Tape> tape) {
    return [tape = std::move(tape)](const Tensor& v) { return tape->push({v})[0]; };
  }

  double forcing(double length) {
    double eta = loosest;
    if (previous_ > 0) {
      eta = gamma * std::pow(length / previous_, alpha);
      const double before = gamma * std::pow(eta_, alpha);
      if (before > 0.1) eta = std::max(eta, before);
    }
    // No more accurate than the tolerance requires.
    if (diagonal_.defined()) eta = std::max(eta, 0.1 / length);
    previous_ = length;
    return eta_ = std::min(eta, loosest);
  }

  const Solve& solve_;
  Tensor diagonal_;
  double previous_ = 0, eta_ = 0;
};

}  // namespace

Tensor constant_map(const Tensor& f, const Tensor& image, const Function& a, const Function& transposed) {
  if (!recording() || !f.tracked()) return image;
  using List = std::vector<Tensor>;
  return custom({"constant_map", [image](const List&) { return image; },
                 [a, transposed](const List&, const Tensor&, const Tensor& w) {
                   return List{constant_map(w, transposed(w), transposed, a)};
                 },
                 [a, transposed](const List&, const Tensor&, const List& tangents) {
                   return constant_map(tangents[0], a(tangents[0]), a, transposed);
                 }},
                {f});
}

std::unique_ptr<Iteration> make_newton(const Solve& solve) { return std::make_unique<Newton>(solve); }
std::unique_ptr<Iteration> make_newton_krylov(const Solve& solve) { return std::make_unique<NewtonKrylov>(solve); }

}  // namespace dimwise::roots
