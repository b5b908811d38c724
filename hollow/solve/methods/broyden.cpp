// Good Broyden: after each step, the smallest correction of C that maps the change of F to the change of y.

#include <limits>
#include <vector>

#include "autodiff/context.hpp"
#include "hollow/solve/methods/iteration.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"

namespace dimwise::roots {

namespace {

Tensor row_dot(const Tensor& a, const Tensor& b) { return sum(a * b, {-1}, true); }

class Broyden : public Iteration {
 public:
  explicit Broyden(const Solve& solve) : Iteration({.superlinear = true, .patience = 8}), solve_(solve) {}

  Update update(const Point& at, const Scale&) override {
    learn(at);
    return {-correction(at.f), {}};
  }
  // C = (1 + u_m s_mᵀ) … (1 + u_1 s_1ᵀ) C_0.
  Tensor correction(const Tensor& f) const override {
    Tensor z = inverse_diagonal_.defined() ? f * inverse_diagonal_ : f;
    for (const auto& [u, s] : updates_) z = z + u * row_dot(s, z);
    return z;
  }

 private:
  void learn(const Point& at) {
    const NoGrad guard;
    const Tensor y = stop_gradient(at.y), f = stop_gradient(at.f);
    const auto most = static_cast<size_t>(4 * solve_.options.memory);
    if (!y_.defined() || updates_.size() == most) {
      updates_.clear();
      const Tensor d = solve_.evaluator.diagonal(at);
      if (d.defined()) inverse_diagonal_ = 1.0 / d;
    } else {
      const Tensor s = y - y_, z = correction(f - f_), along = row_dot(s, z);
      const double rounding = y.dtype() == DType::float32 ? 1e-7 : 1e-15;
      const Tensor enough = abs(along) > rounding * sqrt(row_dot(s, s) * row_dot(z, z));
      updates_.emplace_back(where(enough, (s - z) / along, 0.0), s);
    }
    y_ = y;
    f_ = f;
  }

  const Solve& solve_;
  Tensor inverse_diagonal_, y_, f_;
  std::vector<std::pair<Tensor, Tensor>> updates_;
};

}  // namespace

std::unique_ptr<Iteration> make_broyden(const Solve& solve) { return std::make_unique<Broyden>(solve); }

}  // namespace dimwise::roots
