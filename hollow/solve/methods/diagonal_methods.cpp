// The methods whose C needs no linear algebra: picard and jacobi_newton.

#include "autodiff/base/error.hpp"
#include "hollow/solve/methods/iteration.hpp"

namespace dimwise::roots {

namespace {

class Picard : public Iteration {
 public:
  Picard() : Iteration({.steady = true}) {}
  Update update(const Point& at, const Scale&) override { return {-at.f, {}}; }
  Tensor correction(const Tensor& f) const override { return f; }
};

class JacobiNewton : public Iteration {
 public:
  explicit JacobiNewton(Evaluator& evaluator) : Iteration({.diagonal = true, .steady = true}), evaluator_(evaluator) {
    if (!evaluator.has_diagonal())
      fail<ValueError>(
          "find_root",
          "jacobi_newton needs the diagonal ∂F_i/∂y_i, and the equation has none. Give RootProblem::diagonal "
          "(hollow_root_problem does), or use another method.");
  }
  Update update(const Point& at, const Scale&) override {
    diagonal_ = evaluator_.diagonal(at);
    return {-(at.f / diagonal_), {}};
  }
  Tensor correction(const Tensor& f) const override { return f / diagonal_; }

 private:
  Evaluator& evaluator_;
  Tensor diagonal_;
};

}  // namespace

std::unique_ptr<Iteration> make_picard(const Solve&) { return std::make_unique<Picard>(); }
std::unique_ptr<Iteration> make_jacobi_newton(const Solve& solve) {
  return std::make_unique<JacobiNewton>(solve.evaluator);
}

}  // namespace dimwise::roots
