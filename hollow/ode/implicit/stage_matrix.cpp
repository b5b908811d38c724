#include "hollow/ode/implicit/stage_matrix.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/basic.hpp"
#include "autodiff/node.hpp"
#include "hollow/solve/linear/diagonal.hpp"
#include "hollow/solve/linear/gmres.hpp"
#include "ops/arithmetic.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/linear_combination.hpp"

namespace dimwise::ode {

namespace {

// Steps that differ by rounding share their blocks.
constexpr double same_step = 1e-9;
// A relative change of h with which the term's preconditioner serves.
constexpr double preconditioner_serves = 0.3;

Tensor joined(const Stages& parts) { return parts.size() == 1 ? parts[0] : concat(parts, -1); }

Stages parted(const Tensor& whole, size_t stages) {
  if (stages == 1) return {whole};
  Stages parts;
  const int64_t n = whole.dim(-1) / static_cast<int64_t>(stages);
  for (size_t i = 0; i < stages; ++i)
    parts.push_back(slice(whole, -1, static_cast<int64_t>(i) * n, static_cast<int64_t>(i + 1) * n));
  return parts;
}

}  // namespace

bool StageMatrix::serves(const Linearization& of, double h) const {
  if (serial_ != of.serial()) return false;
  if (of.kind() == CorrectorKind::newton) return std::abs(h - h_) <= factors_serve_ * std::abs(h_);
  if (given_) return std::abs(h - h_) <= preconditioner_serves * std::abs(h_);
  return a_.size() == 1 ? h == h_ : std::abs(h - h_) <= same_step * std::abs(h_);
}

Stages StageMatrix::solve(const Linearization& of, double h, const Stages& b, const Tensor& weights, double tolerance) {
  if (of.functional()) return b;
  if (!serves(of, h)) prepare(of, h);
  if (of.kind() == CorrectorKind::newton_krylov) return iterate(of, h, b, weights, tolerance);
  if (of.kind() == CorrectorKind::jacobi_newton) return solve_blocks(b);
  if (sparse_) return sparse_->singular() ? Stages{} : separated(sparse_->solve(interleaved(b)), b.size());
  return matrix_->singular() ? Stages{} : parted(matrix_->solve(joined(b)), b.size());
}

void StageMatrix::prepare(const Linearization& of, double h) {
  inverse_ = Tensor();
  blocks_ = matrix_ = nullptr;
  given_ = nullptr;
  if (of.kind() == CorrectorKind::newton_krylov)
    given_ = of.preconditioner(h * (a_.size() == 1 ? a_[0][0] : std::hypot(a_[0][0], a_[0][1])));
  if (of.diagonal.defined() && !given_) factorize_blocks(of.diagonal, h);
  if (of.jacobian.defined()) ++system_->statistics.factorizations;
  if (of.jacobian.dense.defined()) matrix_ = dense_factors(of.jacobian.dense, h);
  if (of.jacobian.sparse)
    factorize(*of.jacobian.sparse, h);
  else
    sparse_ = nullptr;
  serial_ = of.serial();
  h_ = h;
}

void StageMatrix::factorize_blocks(const Tensor& diagonal, double h) {
  const Tensor stiffness = h * diagonal;
  if (a_.size() == 1) {
    // If the diagonal is positive, the block may be singular: the denominator is kept away from 0.
    inverse_ = 1 / away_from_zero(1 - stiffness * a_[0][0], smallest_denominator);
    return;
  }
  std::vector<Tensor> rows;
  for (size_t i = 0; i < a_.size(); ++i) {
    std::vector<Tensor> row;
    for (size_t j = 0; j < a_.size(); ++j) row.push_back((i == j ? 1.0 : 0.0) - stiffness * a_[i][j]);
    rows.push_back(stack(row, -1));
  }
  blocks_ = std::make_shared<const Lu>(stack(rows, -2));
}

std::shared_ptr<const Lu> StageMatrix::dense_factors(const Tensor& jacobian, double h) const {
  const auto s = static_cast<int64_t>(a_.size());
  const int64_t n = jacobian.dim(-1), m = s * n, rows = jacobian.size() / (n * n);
  const Shape shape = jacobian.shape().without(jacobian.rank() - 1).without(jacobian.rank() - 2);
  const Tensor matrix = empty(shape.with(shape.rank(), m).with(shape.rank() + 1, m), jacobian.dtype());
  std::vector<double> mass(static_cast<size_t>(n * n), 0);
  if (system_->mass)
    mass = system_->mass->dense().values();
  else
    for (size_t k = 0; k < mass.size(); k += static_cast<size_t>(n) + 1) mass[k] = 1;
  dispatch(jacobian.dtype(), [&](auto t) {
    using T = decltype(t);
    const T* from = jacobian.node()->data<T>();
    T* to = mutable_data<T>(matrix);
    for (int64_t row = 0; row < rows; ++row, from += n * n, to += m * m)
      for (int64_t i = 0; i < s; ++i)
        for (int64_t j = 0; j < s; ++j) {
          const T factor = static_cast<T>(-h * a_[static_cast<size_t>(i)][static_cast<size_t>(j)]);
          for (int64_t p = 0; p < n; ++p)
            for (int64_t q = 0; q < n; ++q)
              to[(i * n + p) * m + j * n + q] =
                  factor * from[p * n + q] + (i == j ? static_cast<T>(mass[static_cast<size_t>(p * n + q)]) : 0);
        }
  });
  return std::make_shared<const Lu>(matrix);
}

void StageMatrix::factorize(const SparseMatrix& jacobian, double h) {
  const SparseMatrix matrix = pattern_.matrix(jacobian, a_, h);
  // A clone of the stepper may use the same factors.
  if (sparse_.use_count() == 1 && sparse_->pattern() == matrix.pattern)
    sparse_->refactor(matrix);
  else
    sparse_ = std::make_shared<SparseLu>(matrix);
}

Stages StageMatrix::solve_blocks(const Stages& b) const {
  if (a_.size() == 1) return {inverse_ * b[0]};
  if (blocks_->singular()) return {};
  const Tensor x = blocks_->solve(stack(b, -1));
  Stages parts;
  for (size_t i = 0; i < b.size(); ++i) parts.push_back(select(x, -1, static_cast<int64_t>(i)));
  return parts;
}

Function StageMatrix::preconditioner(size_t stages) const {
  if (given_)
    return [this, stages](const Tensor& v) {
      Stages parts = parted(v, stages);
      for (Tensor& part : parts) part = given_(part);
      return joined(parts);
    };
  if (inverse_.defined() || (blocks_ && !blocks_->singular()))
    return [this, stages](const Tensor& v) { return joined(solve_blocks(parted(v, stages))); };
  return nullptr;
}

Stages StageMatrix::iterate(const Linearization& of, double h, const Stages& b, const Tensor& weights,
                            double tolerance) const {
  const size_t s = b.size();
  const auto apply = [&](const Tensor& x) {
    const Stages parts = parted(x, s);
    Stages products, result;
    for (const Tensor& part : parts) products.push_back(of.product(part));
    for (size_t i = 0; i < s; ++i) {
      Stages terms = products;
      std::vector<double> numbers;
      for (size_t j = 0; j < s; ++j) numbers.push_back(-h * a_[i][j]);
      terms.push_back(system_->times_mass(parts[i]));
      numbers.push_back(1);
      result.push_back(linear_combination(terms, numbers));
    }
    return joined(result);
  };
  GmresOptions options{.rtol = 0, .atol = tolerance, .weights = joined(Stages(s, weights))};
  options.preconditioner = preconditioner(s);
  const KrylovSolution solution = gmres(apply, joined(b), options);
  return solution.converged ? parted(solution.x, s) : Stages{};
}

}  // namespace dimwise::ode
