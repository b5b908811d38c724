#include <algorithm>

#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "hollow/solve/methods/residual_test.hpp"
#include "hollow/solve/methods/trust_region.hpp"

namespace dimwise::roots {

namespace {

constexpr double most_growth = 1e8;  // of the corrections since the start
constexpr double fastest = 1e-6;     // θ; below, it is that of the largest equation alone unless C is (∂F)⁻¹
constexpr int64_t settled = 4;       // iterations after which convergence is predicted

class Loop {
 public:
  Loop(Iteration& method, const Solve& solve)
      : method_(method),
        solve_(solve),
        options_(solve.options),
        residual_(options_.ftol),
        region_(method.traits, solve) {}

  Outcome run(const Tensor& y0) {
    if (!evaluate(y0)) return stop(RootStatus::budget_exhausted);
    at_ = next_;
    if (!consider(at_)) return stop(RootStatus::non_finite);
    while (out_.residual > 0) {
      if (out_.iterations >= options_.max_iterations) return stop(RootStatus::max_iterations_reached);
      const Scale scale(at_.y, options_.rtol, options_.atol);
      const Iteration::Update update = method_.update(at_, scale);
      if (!update.step.defined() && !descends()) return stop(RootStatus::singular);
      const Tensor& correction = update.correction.defined() ? update.correction : update.step;
      length_ = scale.norm(update.step.defined() ? update.step : correction);
      const std::vector<double> before = scale.norms(correction);
      before_ = largest(before);
      if (!std::isfinite(length_) && !descends()) return stop(RootStatus::non_finite);
      if (out_.iterations == 0) residual_.begin(at_.f, before, scale);
      if (const RootStatus moved = move(update, before, scale); moved != RootStatus::converged) return stop(moved);
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

  bool descends() const { return method_.traits.descends && options_.trust_region; }

  // Moves to the next point. Returns `converged`, or the status of the failure.
  RootStatus move(const Iteration::Update& update, const std::vector<double>& before, const Scale& scale) {
    if (descends()) region_.begin(at_, update, scale);
    for (;;) {
      const Tensor step = descends() ? region_.step() : damped(update.step);
      if (!step.defined()) return region_.verdict();
      if (!evaluate(add(at_.y, step))) return RootStatus::budget_exhausted;
      const NoGrad guard;
      const std::vector<double> after = scale.norms(method_.correction(stop_gradient(next_.f)));
      after_ = largest(after);
      theta_ = before_ > 0 ? after_ / before_ : 0;
      if (!descends() || region_.accepts(stop_gradient(next_.f), before, after)) return RootStatus::converged;
      if (region_.verdict() != RootStatus::converged) return region_.verdict();
    }
  }
  Tensor damped(const Tensor& step) const {
    return method_.traits.damps || options_.damping == 1 ? step : scale(step, options_.damping);
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
    const bool measured =
        method_.traits.exact || (theta_ >= fastest && (method_.traits.superlinear || out_.iterations > 1));
    out_.error = out_.contraction < 1 ? out_.contraction / (1 - out_.contraction) * length_
                                      : std::numeric_limits<double>::infinity();
    if (after_ <= scale.rounding()) out_.error = std::min(out_.error, std::max(after_, length_ * theta_));
    return ((measured && out_.error <= 1) || after_ <= scale.rounding()) && residual_.measure(at_.f) <= 1;
  }

  RootStatus judge(const Scale& scale) {
    // Updates within rounding change F no more.
    if (after_ <= scale.rounding()) return RootStatus::stalled;
    if (descends()) return region_.verdict();
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
    return stop(RootStatus::converged);
  }
  Outcome stop(RootStatus status) {
    out_.status = status;
    if (out_.best.f.defined()) out_.residual_error = out_.residual > 0 ? residual_.measure(out_.best.f) : 0;
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
  ResidualTest residual_;
  TrustRegion region_;
  Outcome out_;
};

}  // namespace

Outcome iterate(Iteration& method, const Tensor& y0, const Solve& solve) { return Loop(method, solve).run(y0); }

}  // namespace dimwise::roots
