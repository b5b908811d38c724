#include "hollow/ode/implicit/stage_matrix.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/basic.hpp"
#include "autodiff/node.hpp"
#include "hollow/solve/linear/gmres.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/linear_combination.hpp"

namespace dimwise::ode {

namespace {

// Steps that differ by rounding share their factors.
constexpr double same_step = 1e-9;

// In place, by Gauss and Jordan with row pivots; entries that are not finite where it is singular.
void invert(std::vector<double>& m, size_t n) {
  std::vector<double> inverse(n * n, 0);
  for (size_t i = 0; i < n; ++i) inverse[i * n + i] = 1;
  for (size_t k = 0; k < n; ++k) {
    size_t pivot = k;
    for (size_t i = k + 1; i < n; ++i)
      if (std::abs(m[i * n + k]) > std::abs(m[pivot * n + k])) pivot = i;
    for (size_t j = 0; j < n; ++j) {
      std::swap(m[k * n + j], m[pivot * n + j]);
      std::swap(inverse[k * n + j], inverse[pivot * n + j]);
    }
    const double by = 1 / m[k * n + k];
    for (size_t j = 0; j < n; ++j) {
      m[k * n + j] *= by;
      inverse[k * n + j] *= by;
    }
    for (size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      const double factor = m[i * n + k];
      for (size_t j = 0; j < n; ++j) {
        m[i * n + j] -= factor * m[k * n + j];
        inverse[i * n + j] -= factor * inverse[k * n + j];
      }
    }
  }
  m = std::move(inverse);
}

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

Stages StageMatrix::solve(const Linearization& of, double h, const Stages& b, const Tensor& weights, double tolerance) {
  if (of.functional()) return b;
  prepare(of, h);
  if (of.product) return iterate(of, b, weights, tolerance);
  if (of.diagonal.defined()) return solve_blocks(b);
  if (lu_->singular()) return {};
  return parted(lu_->solve(joined(b)), b.size());
}

void StageMatrix::prepare(const Linearization& of, double h) {
  if (serial_ == of.serial() && std::abs(h - h_) <= same_step * std::abs(h_)) return;
  blocks_.clear();
  lu_ = nullptr;
  if (of.diagonal.defined()) invert_blocks(of, h);
  if (of.jacobian.defined()) factorize(of, h);
  serial_ = of.serial();
  h_ = h;
}

void StageMatrix::invert_blocks(const Linearization& of, double h) {
  const size_t s = a_.size();
  const Tensor& d = of.diagonal;
  for (size_t i = 0; i < s * s; ++i) blocks_.push_back(empty(d.shape(), d.dtype()));
  dispatch(d.dtype(), [&](auto t) {
    using T = decltype(t);
    const T* from = d.node()->data<T>();
    std::vector<double> block(s * s);
    for (int64_t e = 0; e < d.size(); ++e) {
      // Where d > 0 a block of one may be singular: it is kept away from there.
      double stiffness = h * static_cast<double>(from[e]);
      const double distance = 1 - stiffness * a_[0][0];
      if (s == 1 && std::abs(distance) < smallest_denominator)
        stiffness = (1 - std::copysign(smallest_denominator, distance)) / a_[0][0];
      for (size_t i = 0; i < s; ++i)
        for (size_t j = 0; j < s; ++j) block[i * s + j] = (i == j ? 1 : 0) - stiffness * a_[i][j];
      invert(block, s);
      for (size_t i = 0; i < s * s; ++i) mutable_data<T>(blocks_[i])[e] = static_cast<T>(block[i]);
    }
  });
}

void StageMatrix::factorize(const Linearization& of, double h) {
  ++system_->statistics.factorizations;
  const auto s = static_cast<int64_t>(a_.size());
  const Tensor& jacobian = of.jacobian;
  const int64_t n = jacobian.dim(-1), m = s * n, rows = jacobian.size() / (n * n);
  const Shape shape = jacobian.shape().without(jacobian.rank() - 1).without(jacobian.rank() - 2);
  const Tensor matrix = empty(shape.with(shape.rank(), m).with(shape.rank() + 1, m), jacobian.dtype());
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
              to[(i * n + p) * m + j * n + q] = factor * from[p * n + q] + static_cast<T>(i == j && p == q ? 1 : 0);
        }
  });
  lu_ = std::make_shared<const Lu>(matrix);
}

Stages StageMatrix::solve_blocks(const Stages& b) const {
  Stages x;
  const size_t s = b.size();
  for (size_t i = 0; i < s; ++i) {
    Tensor sum = mul(blocks_[i * s], b[0]);
    for (size_t j = 1; j < s; ++j) sum = add(sum, mul(blocks_[i * s + j], b[j]));
    x.push_back(sum);
  }
  return x;
}

Stages StageMatrix::iterate(const Linearization& of, const Stages& b, const Tensor& weights, double tolerance) const {
  const size_t s = b.size();
  const auto apply = [&](const Tensor& x) {
    const Stages parts = parted(x, s);
    Stages products, result;
    for (const Tensor& part : parts) products.push_back(of.product(part));
    for (size_t i = 0; i < s; ++i) {
      Stages terms = products;
      std::vector<double> numbers;
      for (size_t j = 0; j < s; ++j) numbers.push_back(-h_ * a_[i][j]);
      terms.push_back(parts[i]);
      numbers.push_back(1);
      result.push_back(linear_combination(terms, numbers));
    }
    return joined(result);
  };
  GmresOptions options{.rtol = 0, .atol = tolerance, .weights = joined(Stages(s, weights))};
  if (!blocks_.empty()) options.preconditioner = [&](const Tensor& v) { return joined(solve_blocks(parted(v, s))); };
  return parted(gmres(apply, joined(b), options).x, s);
}

}  // namespace dimwise::ode
