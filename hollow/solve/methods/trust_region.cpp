#include "hollow/solve/methods/trust_region.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "autodiff/context.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"

namespace dimwise::roots {

namespace {

constexpr double least = 1e-4, poor = 0.25, good = 0.75;  // of the predicted reduction: to accept, shrink, grow
constexpr double shortest_trial = 1e-2;                   // in tolerances
constexpr double hardly = 2e-3;                           // the share of the merit that a slow step takes away
constexpr int patience = 10;                              // for slow steps

// Each system of x times its factor.
Tensor times(const Tensor& x, const std::vector<double>& factors) {
  if (std::all_of(factors.begin(), factors.end(), [](double c) { return c == 1; })) return x;
  if (factors.size() == 1) return x * factors[0];
  return x * tensor(factors, x.shape().with_last(1), x.dtype());
}

// Squares relative to the largest one, which do not overflow.
Tensor relative_squares(const Tensor& weights) {
  const double most = max(weights).item();
  return square(most > 0 ? weights / most : weights);
}

}  // namespace

void TrustRegion::begin(const Point& at, const Iteration::Update& update, const Scale& scale) {
  at_ = at;
  newton_ = update.step;
  cauchy_ = {};
  f_weights_ = update.weights;
  y_weights_ = scale.weights();
  rounding_ = scale.rounding();
  const std::vector<double> sizes = products(at.f, at.f, {}), merits = products(at.f, at.f, f_weights_);
  systems_.resize(sizes.size());
  std::vector<double> lengths(sizes.size()), regular(sizes.size());
  if (newton_.defined()) lengths = products(newton_, newton_, y_weights_);
  for (size_t i = 0; i < systems_.size(); ++i) {
    System& s = systems_[i];
    s.singular = !newton_.defined() || (!update.singular.empty() && update.singular[i]) || !std::isfinite(lengths[i]);
    s.accepted = false;
    s.newton = s.singular ? 0 : lengths[i];
    s.f = sizes[i];
    s.merit = merits[i];
    s.cauchy = s.inner = s.gain = 0;
    regular[i] = s.singular ? 0 : 1;
  }
  const bool all = std::find(regular.begin(), regular.end(), 0) == regular.end();
  if (newton_.defined() && !all)
    newton_ = regular.size() == 1 ? Tensor{}
                                  : where(tensor(regular, newton_.shape().with_last(1), newton_.dtype()), newton_, 0.0);
}

Tensor TrustRegion::step() {
  std::vector<double> a, b;
  for (const System& s : systems_)
    if (!s.accepted && !s.whole() && !cauchy_.defined()) find_cauchy();
  for (System& s : systems_) {
    if (!s.accepted) place(s);
    a.push_back(solve_.options.damping * s.a);
    b.push_back(solve_.options.damping * s.b);
  }
  if (verdict_ != RootStatus::converged) return {};
  if (!newton_.defined()) return times(cauchy_, b);
  return cauchy_.defined() ? times(newton_, a) + times(cauchy_, b) : times(newton_, a);
}

// p_C = −t g for g = W⁻² ∂Fᵀ M² F, the steepest descent where lengths of y are those of W y.
void TrustRegion::find_cauchy() {
  const Tensor w = relative_squares(y_weights_),
               m = f_weights_.defined() ? relative_squares(f_weights_) : ones_like(at_.f);
  const auto descent = [tape = at_.tape, w, m](const Tensor& v) { return tape->pull({m * v})[0] / w; };
  const auto transposed = [tape = at_.tape, w, m](const Tensor& v) { return m * tape->push({v / w})[0]; };
  std::vector<double> t;
  Tensor image;
  {
    const NoGrad guard;
    const Tensor f = stop_gradient(at_.f), g = descent(f), change = at_.tape->push({g})[0];
    solve_.evaluator.statistics.products += 2;
    const std::vector<double> along = products(f, change, f_weights_), size = products(change, change, f_weights_);
    for (size_t i = 0; i < systems_.size(); ++i) {
      t.push_back(size[i] > 0 ? -along[i] / size[i] : 0);
      systems_[i].gain = systems_[i].merit > 0 ? -t[i] * along[i] / systems_[i].merit : 0;
    }
    image = times(g, t);
    const std::vector<double> cauchy = products(image, image, y_weights_);
    std::vector<double> inner(cauchy.size());
    if (newton_.defined()) inner = products(stop_gradient(newton_), image, y_weights_);
    for (size_t i = 0; i < systems_.size(); ++i) {
      systems_[i].cauchy = cauchy[i];
      systems_[i].inner = inner[i];
    }
  }
  cauchy_ = constant_map(
      at_.f, image, [descent, t](const Tensor& v) { return times(descent(v), t); },
      [transposed, t](const Tensor& v) { return transposed(times(v, t)); });
}

void TrustRegion::place(System& s) {
  const double cauchy = std::sqrt(s.cauchy);
  s.a = s.b = 0;
  if (s.whole()) {
    s.a = 1;
  } else if (s.singular || cauchy >= s.radius) {
    if (s.f > 0 && cauchy == 0) verdict_ = RootStatus::singular;
    s.b = cauchy > s.radius ? s.radius / cauchy : 1;
  } else {
    // ‖p_C + a (p_N − p_C)‖ = Δ.
    const double square = s.newton - 2 * s.inner + s.cauchy, half = s.inner - s.cauchy,
                 rest = s.radius * s.radius - s.cauchy, root = std::sqrt(half * half + square * rest);
    s.a = std::clamp(half > 0 ? rest / (half + root) : (root - half) / square, 0.0, 1.0);
    s.b = 1 - s.a;
  }
}

bool TrustRegion::accepts(const Tensor& f, const std::vector<double>& before, const std::vector<double>& after) {
  const std::vector<double> merits = products(f, f, f_weights_);
  bool all = true;
  for (size_t i = 0; i < systems_.size(); ++i) {
    System& s = systems_[i];
    if (!s.accepted)
      s.accepted = judge(s, merits[i], coupled_ ? together(before) : before[i], coupled_ ? together(after) : after[i]);
    all = all && s.accepted;
  }
  return all;
}

bool TrustRegion::judge(System& s, double merit, double before, double after) {
  // Within the tolerance, or within rounding, a step need not descend.
  if ((before <= 1 && after <= 1) || after <= rounding_) {
    s.slow = 0;
    return true;
  }
  // ∂F p_N = −F, and ∂F p_C is F's projection, with the opposite sign.
  const double damping = solve_.options.damping, left = 1 - damping * s.a, b = damping * s.b;
  const double predicted = 1 - left * left + s.gain * b * (2 * left - b), reduction = 1 - merit / s.merit,
               share = reduction / predicted;
  const double length = std::sqrt(s.a * s.a * s.newton + 2 * s.a * s.b * s.inner + s.b * s.b * s.cauchy);
  if (!(share >= least)) {
    if (!(length > shortest_trial)) verdict_ = std::isfinite(merit) ? RootStatus::stalled : RootStatus::non_finite;
    s.radius = length / 4;
    return false;
  }
  if (share < poor) s.radius = length / 2;
  if (share > good) s.radius = std::max(s.radius, 2 * length);
  s.slow = reduction < hardly * damping ? s.slow + 1 : 0;
  if (s.slow >= patience) verdict_ = RootStatus::stalled;
  return true;
}

std::vector<double> TrustRegion::products(const Tensor& x, const Tensor& y, const Tensor& weights) const {
  std::vector<double> rows = row_products(x, y, weights);
  if (coupled_) rows = {std::accumulate(rows.begin(), rows.end(), 0.0) / static_cast<double>(rows.size())};
  return rows;
}

}  // namespace dimwise::roots
