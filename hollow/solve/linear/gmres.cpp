#include "hollow/solve/linear/gmres.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "hollow/solve/linear/detail/vectors.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise {

namespace {

void check_options(const Tensor& b, const GmresOptions& options) {
  if (!(options.rtol >= 0) || !(options.atol >= 0))
    fail<ValueError>("gmres", "rtol = ", options.rtol, ", atol = ", options.atol, ". They must not be negative.");
  if (options.restart < 1 || options.max_iterations < 0)
    fail<ValueError>("gmres", "restart = ", options.restart, ", max_iterations = ", options.max_iterations,
                     ". Use a restart of at least 1 and max_iterations of at least 0.");
  if (!options.weights.defined()) return;
  vectors::check_like("gmres", "weights", options.weights, "b", b);
  for (const double w : options.weights.values())
    if (!(w > 0)) fail<ValueError>("gmres", "a weight is ", w, ". Weights must be positive.");
}

// min ‖β e₁ − H y‖ for a Hessenberg H that grows by a column at a time, kept triangular by Givens rotations.
class LeastSquares {
 public:
  explicit LeastSquares(double beta) : rhs_{beta} {}

  // Appends h_{0 … j+1} as column j. Returns false if, up to `negligible`, it depends linearly on the others.
  bool append(std::vector<double> h, double negligible) {
    const size_t j = columns_.size();
    for (size_t i = 0; i < j; ++i) {
      const double upper = h[i], lower = h[i + 1];
      h[i] = c_[i] * upper + s_[i] * lower;
      h[i + 1] = c_[i] * lower - s_[i] * upper;
    }
    const double length = std::hypot(h[j], h[j + 1]);
    if (length <= negligible) return false;
    c_.push_back(h[j] / length);
    s_.push_back(h[j + 1] / length);
    h[j] = length;
    rhs_.push_back(-s_[j] * rhs_[j]);
    rhs_[j] *= c_[j];
    columns_.push_back(std::move(h));
    return true;
  }
  double residual() const { return std::abs(rhs_.back()); }

  std::vector<double> solution() const {
    std::vector<double> y(columns_.size());
    for (size_t i = y.size(); i-- > 0;) {
      y[i] = rhs_[i];
      for (size_t j = i + 1; j < y.size(); ++j) y[i] -= columns_[j][i] * y[j];
      y[i] /= columns_[i][i];
    }
    return y;
  }
  // β e₁ − H y: the inverse rotations applied to the remaining last element.
  std::vector<double> remainder() const {
    std::vector<double> r(rhs_.size());
    r.back() = rhs_.back();
    for (size_t i = c_.size(); i-- > 0;) {
      const double lower = r[i + 1];
      r[i] = -s_[i] * lower;
      r[i + 1] = c_[i] * lower;
    }
    return r;
  }

 private:
  std::vector<std::vector<double>> columns_;
  std::vector<double> rhs_, c_, s_;
};

class Gmres {
 public:
  // With weights W the iteration solves with W A P⁻¹ W⁻¹, whose residual in the 2-norm is the weighted residual.
  Gmres(const Function& product, const Tensor& b, const GmresOptions& options)
      : product_(product), options_(options), b_(b), root_(std::sqrt(static_cast<double>(b.size()))) {
    if (options.weights.defined()) inverse_weights_ = 1.0 / options.weights;
  }

  KrylovSolution run() {
    result_.x = zeros_like(b_);
    Tensor r = vectors::scaled(b_, 1, options_.weights);
    double beta = vectors::norm(r);
    result_.residual = beta / root_;
    target_ = std::max(options_.rtol * beta, options_.atol * root_);
    result_.converged = beta == 0 || (std::isfinite(beta) && beta <= target_);
    bool open = !result_.converged && std::isfinite(beta);
    while (open && result_.iterations < options_.max_iterations) open = cycle(r, beta);
    return result_;
  }

 private:
  // One cycle, from the residual r of norm beta to that of the next restart. Returns false if there is no next one.
  bool cycle(Tensor& r, double& beta) {
    std::vector<Tensor> basis{vectors::scaled(r, 1 / beta)};
    LeastSquares small(beta);
    bool exhausted = false;
    for (int64_t j = 0; j < options_.restart && result_.iterations < options_.max_iterations; ++j) {
      Tensor v = image(basis.back());
      ++result_.iterations;
      const double before = vectors::norm(v);
      std::vector<double> h;
      for (const Tensor& q : basis) {
        h.push_back(vectors::dot(q, v));
        vectors::add_scaled(v, -h.back(), q);
      }
      const double after = vectors::norm(v);
      if (!std::isfinite(before) || !std::isfinite(after)) {
        result_.residual = std::numeric_limits<double>::quiet_NaN();
        return false;
      }
      // The Krylov space is invariant: the residual cannot decrease further.
      const double rounding = b_.dtype() == DType::float32 ? 1e-7 : 1e-15;
      exhausted = after <= rounding * before;
      h.push_back(exhausted ? 0 : after);
      if (!small.append(std::move(h), rounding * before) || exhausted || small.residual() <= target_) break;
      basis.push_back(vectors::scaled(v, 1 / after));
    }
    advance(basis, small.solution());
    result_.residual = small.residual() / root_;
    result_.converged = small.residual() <= target_;
    const std::vector<double> left = small.remainder();
    if (result_.converged || exhausted || left.size() > basis.size() || !std::isfinite(small.residual())) return false;
    r = zeros_like(b_);
    for (size_t i = 0; i < left.size(); ++i) vectors::add_scaled(r, left[i], basis[i]);
    beta = vectors::norm(r);
    return beta > 0;
  }

  Tensor precondition(const Tensor& v) const {
    Tensor unscaled = inverse_weights_.defined() ? vectors::scaled(v, 1, inverse_weights_) : v;
    if (!options_.preconditioner) return unscaled;
    Tensor z = options_.preconditioner(unscaled);
    vectors::check_like("gmres", "the preconditioned vector", z, "b", b_);
    return z;
  }
  Tensor image(const Tensor& v) const {
    const Tensor z = product_(precondition(v));
    vectors::check_like("gmres", "the product", z, "b", b_);
    return vectors::scaled(z, 1, options_.weights);
  }
  void advance(const std::vector<Tensor>& basis, const std::vector<double>& y) {
    const Tensor u = zeros_like(b_);
    for (size_t i = 0; i < y.size(); ++i) vectors::add_scaled(u, y[i], basis[i]);
    result_.x = add(result_.x, precondition(u));
  }

  const Function& product_;
  const GmresOptions& options_;
  const Tensor b_;
  const double root_;
  Tensor inverse_weights_;
  double target_ = 0;
  KrylovSolution result_;
};

}  // namespace

KrylovSolution gmres(const Function& product, const Tensor& b, const GmresOptions& options) {
  check_options(b, options);
  if (b.size() == 0) return {.x = zeros_like(b), .converged = true};
  const NoGrad guard;
  return Gmres(product, b, options).run();
}

}  // namespace dimwise
