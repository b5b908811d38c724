// Anderson acceleration: the affine combination of the last points with the smallest (linearized) residual.

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include "hollow/solve/methods/iteration.hpp"
#include "ops/detail/linalg_kernels.hpp"

namespace dimwise::roots {

namespace {

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
  static constexpr double growth = 2;  // of the residual, beyond which the stored differences are dropped

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

  // γ of each row with ‖F − Σ γ_j ΔF_j‖ smallest in the norm of the tolerance, as constants of shape (…, 1); if γ is
  // not unique, the shortest one.
  std::vector<Tensor> coefficients(const Point& at, const Scale& scale) const {
    const int64_t d = at.f.dim(-1), rows = at.f.size() / d;
    std::vector<Tensor> gamma;
    for (size_t j = 0; j < changes_.size(); ++j) gamma.push_back(empty(at.f.shape().with_last(1), at.f.dtype()));
    dispatch(at.f.dtype(), [&](auto t) {
      using T = decltype(t);
      const double negligible = std::sqrt(static_cast<double>(std::numeric_limits<T>::epsilon()));
      const auto m = static_cast<int>(changes_.size()), n = static_cast<int>(d);
      std::vector<double> columns(static_cast<size_t>(m) * static_cast<size_t>(n)), residual(static_cast<size_t>(n)),
          best(static_cast<size_t>(m));
      for (int64_t row = 0; row < rows; ++row) {
        const T* const by = scale.weights().node()->template data<T>() + row * d;
        const auto weighted = [&](const Tensor& x, double* to, int stride) {
          const T* const from = x.node()->template data<T>() + row * d;
          for (int i = 0; i < n; ++i, to += stride) *to = static_cast<double>(from[i]) * static_cast<double>(by[i]);
        };
        for (int k = 0; k < m; ++k) weighted(changes_[static_cast<size_t>(k)], columns.data() + k, m);
        weighted(at.f, residual.data(), 1);
        if (!kernels::least_squares(columns.data(), n, m, residual.data(), 1, negligible, best.data()))
          std::fill(best.begin(), best.end(), 0);
        for (size_t k = 0; k < best.size(); ++k) mutable_data<T>(gamma[k])[row] = static_cast<T>(best[k]);
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
