// Anderson acceleration: of all affine combinations of the last points, that with the smallest (linearized) residual.

#include <cmath>
#include <deque>
#include <vector>

#include "hollow/solve/methods/iteration.hpp"

namespace dimwise::roots {

namespace {

using Columns = std::vector<std::vector<double>>;

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double total = 0;
  for (size_t i = 0; i < a.size(); ++i) total += a[i] * b[i];
  return total;
}

// γ with ‖b − Σ γ_j a_j‖ smallest, by modified Gram–Schmidt. A column that is nearly a combination of those before it
// is left out: its γ is 0.
std::vector<double> least_squares(Columns a, std::vector<double> b, double negligible) {
  const size_t m = a.size();
  std::vector<double> gamma(m), projection(m);
  Columns r(m, std::vector<double>(m));
  std::vector<bool> kept(m);
  for (size_t j = 0; j < m; ++j) {
    const double length = std::sqrt(dot(a[j], a[j]));
    for (size_t i = 0; i < j; ++i) {
      if (!kept[i]) continue;
      r[i][j] = dot(a[i], a[j]);
      for (size_t k = 0; k < b.size(); ++k) a[j][k] -= r[i][j] * a[i][k];
    }
    r[j][j] = std::sqrt(dot(a[j], a[j]));
    kept[j] = r[j][j] > negligible * length;
    if (!kept[j]) continue;
    for (double& x : a[j]) x /= r[j][j];
    projection[j] = dot(a[j], b);
    for (size_t k = 0; k < b.size(); ++k) b[k] -= projection[j] * a[j][k];
  }
  for (size_t j = m; j-- > 0;) {
    if (!kept[j]) continue;
    gamma[j] = projection[j];
    for (size_t k = j + 1; k < m; ++k) gamma[j] -= r[j][k] * gamma[k];
    gamma[j] /= r[j][j];
  }
  return gamma;
}

class Anderson : public Iteration {
 public:
  explicit Anderson(const RootOptions& options)
      : Iteration({.damps = true, .patience = 8}),
        memory_(static_cast<size_t>(options.memory)),
        mixing_(options.damping) {}

  Update update(const Point& at, const Scale& scale) override {
    remember(at, scale);
    Tensor step = -mixing_ * at.f;
    const std::vector<Tensor> gamma = coefficients(at, scale);
    for (size_t j = 0; j < gamma.size(); ++j) step = step - gamma[j] * (moves_[j] - mixing_ * changes_[j]);
    return {step, at.f};
  }
  Tensor correction(const Tensor& f) const override { return f; }

 private:
  static constexpr double growth = 2;  // of the residual, from which on the memory misleads

  // The newest differences first, of y and of F.
  void remember(const Point& at, const Scale& scale) {
    if (previous_.y.defined()) {
      moves_.push_front(at.y - previous_.y);
      changes_.push_front(at.f - previous_.f);
      const bool misleads = scale.norm(at.f) > growth * scale.norm(previous_.f);
      const size_t kept = misleads ? 0 : memory_;
      while (moves_.size() > kept) {
        moves_.pop_back();
        changes_.pop_back();
      }
    }
    previous_ = at;
  }

  // γ_j of each row, in the norm of the tolerance, as constants of shape (…, 1).
  std::vector<Tensor> coefficients(const Point& at, const Scale& scale) const {
    const int64_t d = at.f.dim(-1), rows = at.f.size() / d;
    std::vector<Tensor> gamma;
    for (size_t j = 0; j < changes_.size(); ++j) gamma.push_back(empty(at.f.shape().with_last(1), at.f.dtype()));
    dispatch(at.f.dtype(), [&](auto t) {
      using T = decltype(t);
      const double negligible = std::sqrt(static_cast<double>(std::numeric_limits<T>::epsilon()));
      const auto weighted = [&](const Tensor& x, int64_t row) {
        const T *from = x.node()->data<T>() + row * d, *by = scale.weights().node()->data<T>() + row * d;
        std::vector<double> values(static_cast<size_t>(d));
        for (int64_t i = 0; i < d; ++i)
          values[static_cast<size_t>(i)] = static_cast<double>(from[i]) * static_cast<double>(by[i]);
        return values;
      };
      for (int64_t row = 0; row < rows; ++row) {
        Columns columns;
        for (const Tensor& change : changes_) columns.push_back(weighted(change, row));
        const std::vector<double> best = least_squares(std::move(columns), weighted(at.f, row), negligible);
        for (size_t j = 0; j < best.size(); ++j) mutable_data<T>(gamma[j])[row] = static_cast<T>(best[j]);
      }
    });
    return gamma;
  }

  const size_t memory_;
  const double mixing_;
  Point previous_;
  std::deque<Tensor> moves_, changes_;
};

}  // namespace

std::unique_ptr<Iteration> make_anderson(const Solve& solve) { return std::make_unique<Anderson>(solve.options); }

}  // namespace dimwise::roots
