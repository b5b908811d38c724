#include <algorithm>

#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "hollow/solve/methods/iteration.hpp"

namespace dimwise::roots {

namespace {

constexpr double most_growth = 1e8;       // of the corrections since the start
constexpr double shortest_search = 1e-4;  // of an update, below which the search stops
constexpr int64_t settled = 4;            // iterations after which convergence is predicted

class Loop {
 public:
  Loop(Iteration& method, const Solve& solve) : method_(method), solve_(solve), options_(solve.options) {}

  Outcome run(const Tensor& y0) {
    if (!evaluate(y0)) return stop(RootStatus::budget_exhausted);
    at_ = next_;
    if (!consider(at_)) return stop(RootStatus::non_finite);
    while (out_.residual > 0) {
      if (out_.iterations >= options_.max_iterations) return stop(RootStatus::max_iterations_reached);
      const Scale scale(at_.y, options_.rtol, options_.atol);
      const Iteration::Update update = method_.update(at_, scale);
      if (!update.step.defined()) return stop(RootStatus::singular);
      length_ = scale.norm(update.step);
      const std::vector<double> before = scale.norms(update.correction.defined() ? update.correction : update.step);
      before_ = largest(before);
      if (!std::isfinite(length_)) return stop(RootStatus::non_finite);
      if (const RootStatus moved = move(update.step, before, scale); moved != RootStatus::converged) return stop(moved);
      ++out_.iterations;
      ++solve_.evaluator.statistics.iterations;
      if (!consider(next_)) return stop(RootStatus::non_finite);
      at_ = next_;
      if (within_tolerance(scale)) return accept();
      if (const RootStatus verdict = judge(scale); verdict != RootStatus::converged) return stop(verdict);
      previous_ = theta_;
    }
    return accept();
  }

 private:
  bool evaluate(const Tensor& y) {
    if (solve_.evaluator.exhausted()) return false;
    next_ = solve_.evaluator.at(y, method_.traits.tape, method_.traits.diagonal);
    return true;
  }

  // Moves to the next point, at_ + λ step, with λ halved in searching rows whose corrections have not shrunk. Returns
  // `converged`, or the status of the failure.
  RootStatus move(const Tensor& step, const std::vector<double>& before, const Scale& scale) {
    const double first = method_.traits.damps ? 1 : options_.damping;
    std::vector<double> lambda(method_.traits.coupled ? 1 : before.size(), first);
    for (bool again = true; again;) {
      if (!evaluate(add(at_.y, shortened(step, lambda)))) return RootStatus::budget_exhausted;
      const NoGrad guard;
      const std::vector<double> after = scale.norms(method_.correction(stop_gradient(next_.f)));
      after_ = largest(after);
      theta_ = before_ > 0 ? after_ / before_ : 0;
      again = false;
      if (!method_.traits.searches || !options_.line_search) continue;
      for (size_t row = 0; row < lambda.size(); ++row) {
        const double was = method_.traits.coupled ? together(before) : before[row];
        const double is = method_.traits.coupled ? together(after) : after[row];
        // Within the tolerance no search is needed.
        if (is <= (was <= 1 ? 1 : std::max((1 - lambda[row] / 4) * was, scale.rounding()))) continue;
        if (lambda[row] < 2 * shortest_search * first)
          return std::isfinite(is) ? RootStatus::stalled : RootStatus::non_finite;
        lambda[row] /= 2;
        again = true;
      }
    }
    return RootStatus::converged;
  }
  static Tensor shortened(const Tensor& step, const std::vector<double>& lambda) {
    if (std::all_of(lambda.begin(), lambda.end(), [](double l) { return l == 1; })) return step;
    if (lambda.size() == 1) return scale(step, lambda[0]);
    return mul(step, tensor(lambda, step.shape().with_last(1), step.dtype()));
  }

  // Keeps the point if it is the best so far. Returns false if it is not finite.
  bool consider(const Point& point) {
    const double residual = row_norm(point.f);
    if (!std::isfinite(residual)) return false;
    if (residual < out_.residual) {
      out_.residual = residual;
      out_.best = point;
    }
    return true;
  }

  bool within_tolerance(const Scale& scale) {
    out_.contraction = method_.traits.superlinear ? theta_ : std::max(theta_, previous_);
    const bool measured = method_.traits.superlinear || out_.iterations > 1;
    out_.error = out_.contraction < 1 ? out_.contraction / (1 - out_.contraction) * length_
                                      : std::numeric_limits<double>::infinity();
    if (after_ <= scale.rounding()) out_.error = std::min(out_.error, std::max(after_, length_ * theta_));
    return (measured && out_.error <= 1) || after_ <= scale.rounding();
  }

  RootStatus judge(const Scale& scale) {
    if (out_.iterations == 1) first_ = before_;
    if (!(after_ <= most_growth * first_)) return RootStatus::diverged;
    growing_ = theta_ >= 1 ? growing_ + 1 : 0;
    if (growing_ >= method_.traits.patience)
      return after_ <= 100 * scale.rounding() ? RootStatus::stalled : RootStatus::diverged;
    if (!method_.traits.steady || out_.iterations < settled) return RootStatus::converged;
    const double theta = std::min(theta_, previous_);
    const double wanted = theta < 1 ? std::log(std::max(1.0, after_ / (1 - theta))) / -std::log(theta) : 0;
    return static_cast<double>(out_.iterations) + wanted > static_cast<double>(options_.max_iterations)
               ? RootStatus::stalled
               : RootStatus::converged;
  }

  Outcome accept() {
    out_.best = at_;
    out_.residual = row_norm(at_.f);
    if (out_.residual == 0) out_.error = 0;
    return out_;
  }
  Outcome stop(RootStatus status) {
    out_.status = status;
    return out_;
  }

  Iteration& method_;
  const Solve& solve_;
  const RootOptions& options_;
  Point at_, next_;
  double length_ = 0;              // of the update, undamped
  double before_ = 0, after_ = 0;  // lengths of the corrections at the two points, with one linearization
  double theta_ = 0, previous_ = 0, first_ = 0;
  int growing_ = 0;
  Outcome out_;
};

}  // namespace

Outcome iterate(Iteration& method, const Tensor& y0, const Solve& solve) { return Loop(method, solve).run(y0); }

}  // namespace dimwise::roots
