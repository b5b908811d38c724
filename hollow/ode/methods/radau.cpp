#include "hollow/ode/methods/radau.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/node.hpp"
#include "hollow/ode/implicit/initial_slope.hpp"
#include "hollow/ode/methods/family.hpp"
#include "hollow/solve/implicit.hpp"
#include "ops/arithmetic.hpp"
#include "ops/linear_combination.hpp"

namespace dimwise {

// The first stage, f(t, y), is used only by the error estimate, whose embedded method has order 3.
const Tableau& radau_tableau() {
  static const Tableau radau5{
      "radau5",
      5,
      {0, 0.1550510257216822, 0.6449489742783178, 1},
      {{},
       {0, 0.1968154772236604, -0.06553542585019839, 0.02377097434822015},
       {0, 0.3944243147390873, 0.2920734116652285, -0.04154875212599793},
       {0, 0.37640306270046725, 0.5124858261884216, 1.0 / 9}},
      {0, 0.37640306270046725, 0.5124858261884216, 1.0 / 9},
      {0.27488882959567734, -0.42829829411536813, 0.24503907438491654, -0.0916296098652258},
      {{},
       {1.5580782047249224, -1.986947221348443, 0.8052720793239878},
       {-0.8914115380582557, 3.3202805546817764, -1.916383190435099},
       {1.0 / 3, -4.0 / 3, 10.0 / 9}},
      3,
  };
  return radau5;
}

namespace ode {

namespace {

constexpr size_t stages = 3;
constexpr double real_eigenvalue = 0.27488882959567734;  // γ₀, of A
// Of z: the error estimate, and the collocation polynomial in θ, θ², θ³.
constexpr double error_weights[stages] = {-2.7623054547485992, 0.3799355982527289, -0.0916296098652258};
constexpr double polynomial[stages][stages] = {{10.048809399827416, -25.62959144707664, 15.580782047249224},
                                               {-1.382142733160749, 10.296258113743306, -8.914115380582556},
                                               {1.0 / 3, -8.0 / 3, 10.0 / 3}};

constexpr double widest = 0.86;  // where the product of the distances to the ends and stages is largest

constexpr int most_iterations = 7;
constexpr double quick = 0.05;  // a contraction that keeps the linearization
constexpr double radau_safety = 0.9, radau_grow_most = 8, radau_shrink_most = 0.2, radau_shrink_unsolved = 0.5;
constexpr double radau_grow_least = 1.2;  // below it the step, and so the LU factors, are kept

// A = T Λ T⁻¹ with Λ of two blocks: its real eigenvalue, and its complex pair as a scaled rotation.
constexpr double transform[stages][stages] = {{0.09443876248897524, -0.1412552950209542, -0.030029194105147424},
                                              {0.2502131229653333, 0.20412935229379994, 0.3829421127572619},
                                              {1, 1, 0}};
constexpr double inverse_transform[stages][stages] = {{4.178718591551905, 0.32768282076106237, 0.5233764454994495},
                                                      {-4.178718591551905, -0.32768282076106237, 0.47662355450055044},
                                                      {-0.5028726349457868, 2.571926949855605, -0.5960392048282249}};
const Coupling complex_pair{{0.16255558520216132, 0.1849493244071408}, {-0.1849493244071408, 0.16255558520216132}};

// The estimate has order 3, so it overestimates the error of order 5, the more so the smaller it is. RADAU5 corrects
// this by a tolerance of 0.1·rtol^(2/3) for the estimate.
double overstatement(const OdeOptions& options) {
  if (!options.rtols.empty() || !options.atols.empty()) return 1;
  return std::min(1.0, 10 * std::cbrt(std::max(options.rtol, options.atol)));
}

Stages transformed(const double (&matrix)[stages][stages], const Stages& z) {
  Stages result;
  for (const auto& row : matrix) result.push_back(linear_combination(z, {row[0], row[1], row[2]}));
  return result;
}

}  // namespace

double Radau::Step::stage_time(size_t i) const { return i + 1 == stages ? t1 : t + radau_tableau().c[i + 1] * h(); }

Radau::Radau(const std::shared_ptr<System>& system, double t, const State& y, State derivative)
    : Stepper(system, t, y, std::move(derivative)),
      linearization_(system, true),
      real_(system, {{real_eigenvalue}}),
      pair_(system, complex_pair),
      pattern_(stages, system->mass) {}

std::unique_ptr<Stepper> Radau::clone() const {
  auto copy = std::make_unique<Radau>(*this);
  copy->taken_ = {};
  return copy;
}

double Radau::first_dt(double end) {
  return first_step(*system_, t_, end, y_, initial_slope(system_, t_, end, y_, derivative()), radau_tableau().order);
}

Stages Radau::guess(const Step& step) const {
  Stages z;
  const Tensor y = system_->pack(step.y);
  for (size_t i = 0; i < stages; ++i)
    z.push_back(last_ ? linear_combination({system_->pack(last_->at(step.stage_time(i))), y}, {1, -1}) : zeros_like(y));
  return z;
}

// h A ⊗ f(y + z) − M z.
Stages Radau::residual(const Step& step, const Stages& z) const {
  const Tensor y = system_->pack(step.y);
  Stages f, result;
  for (size_t i = 0; i < stages; ++i)
    f.push_back(system_->pack(system_->f(step.stage_time(i), system_->unpack(add(y, z[i]), step.y))));
  for (size_t i = 0; i < stages; ++i) {
    const std::vector<double>& a = radau_tableau().a[i + 1];
    result.push_back(linear_combination({f[0], f[1], f[2], system_->times_mass(z[i])},
                                        {step.h() * a[1], step.h() * a[2], step.h() * a[3], -1}));
  }
  return result;
}

// derivative_ is already computed here.
bool Radau::solve(const Step& step, Stages& z) {
  const Tensor weights = system_->pack(system_->norm.weights(step.y));
  const Stages start = z;
  const auto again = [&] {
    linearization_.refresh(step.t, step.y);
    rate_ = 1;
    z = start;
    return iterate(step, weights, z);
  };
  if (linearization_.serial() == 0 || rate_ > quick) {
    if (!linearization_.fresh(step.t)) linearization_.refresh(step.t, step.y);
    rate_ = 1;
  }
  const Tensor slope = system_->pack(derivative_);
  const auto radius = linearization_.off_diagonal_radius(real_eigenvalue * step.h(), slope, ones_like(slope));
  if (radius && !linearization_.diagonal_suffices(*radius) && linearization_.fall_back()) {
    linearization_.refresh(step.t, step.y);
    rate_ = 1;
  }
  bool converged = iterate(step, weights, z);
  if (!converged && !linearization_.fresh(step.t)) converged = again();
  if (!converged && linearization_.fall_back()) converged = again();
  if (!converged) ++system_->statistics.corrector_failures;
  return converged;
}

// Simplified Newton iterations; the error after an update u is estimated as θ/(1 − θ)·‖u‖.
bool Radau::iterate(const Step& step, const Tensor& weights, Stages& z) {
  const OdeOptions& options = system_->options;
  const auto norm = [&](const Stages& v) {
    double sum = 0;
    for (const Tensor& part : v) {
      const double size = system_->unknown_norm({part}, {weights});
      sum += size * size;
    }
    return std::sqrt(sum / static_cast<double>(stages));
  };
  const Tensor y = system_->pack(step.y);
  const double rounding = (y.dtype() == DType::float32 ? 1e-7 : 2e-16) * system_->unknown_norm({y}, {weights});
  const double tolerance = std::max(0.3 * options.implicit.tolerance, 10 * rounding);
  double before = 0;
  // The first iteration uses the contraction of the last step, bounded from below and damped.
  double factor = rate_ < 1 ? std::pow(std::max(rate_, 0.03), 0.8) : 1;
  double slowest = 0;
  for (iterations_ = 1; iterations_ <= most_iterations; ++iterations_) {
    ++system_->statistics.iterations;
    const Stages step_z = update(step.h(), residual(step, z), weights, krylov_share * tolerance);
    if (step_z.empty()) return false;
    const double size = norm(step_z);
    if (!std::isfinite(size)) return false;
    for (size_t i = 0; i < stages; ++i) z[i] = add(z[i], step_z[i]);
    if (before > 0) {
      const double measured = size / before;
      slowest = std::max(slowest, measured);
      rate_ = slowest;
      factor = measured < 1 ? measured / (1 - measured) : 1;
      const double expected = size * factor * std::pow(measured, most_iterations - iterations_ - 1);
      if (size * factor > tolerance && expected > tolerance) return false;
    }
    if (size * factor <= tolerance || size == 0) {
      if (before == 0 && rate_ == 1) rate_ = quick;
      return true;
    }
    before = size;
  }
  return false;
}

// (I ⊗ M − h A ⊗ ∂f/∂y)⁻¹ r, block by block.
Stages Radau::update(double h, const Stages& r, const Tensor& weights, double tolerance) {
  if (linearization_.functional()) return r;
  const Stages w = transformed(inverse_transform, r);
  const Stages first = real_.solve(linearization_, h, {w[0]}, weights, tolerance);
  const Stages others = pair_.solve(linearization_, h, {w[1], w[2]}, weights, tolerance);
  if (first.empty() || others.empty()) return {};
  return transformed(transform, {first[0], others[0], others[1]});
}

// The stages as states. The quadratures' part is h A ⊗ their f.
std::vector<State> Radau::with_quadratures(const Step& step, const Stages& z) const {
  std::vector<State> states;
  State zero;
  for (const Tensor& part : step.y) zero.push_back(zeros_like(part));
  for (const Tensor& part : z) states.push_back(system_->unpack(part, zero));
  if (std::none_of(system_->options.quadratures.begin(), system_->options.quadratures.end(), [](bool q) { return q; }))
    return states;
  std::vector<State> f;
  for (size_t i = 0; i < stages; ++i)
    f.push_back(system_->f(step.stage_time(i), combination({&states[i], &step.y}, {1, 1})));
  for (size_t i = 0; i < stages; ++i) {
    const std::vector<double>& a = radau_tableau().a[i + 1];
    const double h = step.h();
    for (size_t j = 0; j < step.y.size(); ++j)
      if (system_->quadrature(j))
        states[i][j] = linear_combination({f[0][j], f[1][j], f[2][j]}, {h * a[1], h * a[2], h * a[3]});
  }
  return states;
}

// γ₀ h f + M Σ e_i z_i, its unknowns filtered.
State Radau::estimate(const State& derivative) {
  const double h = tried_.h();
  const State change = system_->times_mass(
      combination({&tried_.z[0], &tried_.z[1], &tried_.z[2]}, {error_weights[0], error_weights[1], error_weights[2]}));
  return filtered(combination({&change, &derivative}, {1, real_eigenvalue * h}));
}

State Radau::filtered(const State& error) {
  const Tensor weights = system_->pack(system_->norm.weights(tried_.y));
  const Stages x = real_.solve(linearization_, tried_.h(), {system_->pack(error)}, weights, krylov_share);
  return x.empty() ? error : system_->unpack(x[0], error);
}

double Radau::interpolation_error() {
  const NoGrad guard;
  const Interpolant interpolant = interpolant_of(tried_);
  const double t = tried_.t + widest * tried_.h(), gamma = real_eigenvalue * tried_.h();
  const State y = interpolant.at(t), slope = system_->times_mass(interpolant.slope(t)), f = system_->f(t, y);
  return system_->norm(filtered(combination({&slope, &f}, {gamma, -gamma})), tried_.y, y);
}

Attempt Radau::attempt(double t1, bool control) {
  const State f = derivative();
  const NoGrad guard;
  tried_ = Step{t_, t1, {}, {}};
  for (const Tensor& part : y_) tried_.y.push_back(stop_gradient(part));
  Stages z = guess(tried_);
  Attempt attempt;
  attempt.converged = solve(tried_, z);
  attempt.y1 = system_->unpack(add(system_->pack(tried_.y), z[stages - 1]), tried_.y);
  if (!attempt.converged) return attempt;
  tried_.z = with_quadratures(tried_, z);
  attempt.y1 = combination({&tried_.z[stages - 1], &tried_.y}, {1, 1});
  attempt.bad = first_non_finite(attempt.y1);
  if (!control || attempt.bad.tensor >= 0) return attempt;
  State error = estimate(f);
  const double overstated = overstatement(system_->options);
  attempt.error = overstated * system_->norm(error, tried_.y, attempt.y1);
  if (attempt.error >= 1 && (rejected_ || !last_)) {
    error = estimate(system_->f(t_, combination({&error, &tried_.y}, {1, 1})));
    attempt.error = overstated * system_->norm(error, tried_.y, attempt.y1);
  }
  if (!(attempt.error <= 1)) attempt.worst = system_->norm.worst(error, tried_.y, attempt.y1);
  return attempt;
}

double Radau::accept(const Attempt& attempt) {
  const double length = std::abs(tried_.h());
  last_ = interpolant_of(tried_);
  taken_ = tried_;
  if (system_->records(y_, derivative_)) attach(taken_);
  t_ = taken_.t1;
  y_ = combination({&taken_.z[stages - 1], &taken_.y}, {1, 1});
  const double error = std::max(attempt.error, 1e-10);
  const double few = radau_safety * (2.0 * most_iterations + 1) / (2.0 * most_iterations + iterations_);
  double factor = std::min(radau_safety, few) * std::pow(error, -0.25);
  if (before_ > 0 && length_ > 0)
    factor = std::min(factor, radau_safety * length / length_ * std::pow(before_ / (error * error), 0.25));
  factor = std::clamp(factor, radau_shrink_most, radau_grow_most);
  if (rejected_) factor = std::min(factor, 1.0);
  rejected_ = false;
  before_ = std::max(error, 1e-2);
  length_ = length;
  if (rate_ <= quick && factor >= 1 && factor <= radau_grow_least) factor = 1;
  derivative_.clear();
  return length * factor;
}

double Radau::reject(const Attempt& attempt) {
  const double length = std::abs(tried_.h());
  const bool first = !last_ && !rejected_;
  rejected_ = true;
  if (!attempt.converged || attempt.bad.tensor >= 0 || !std::isfinite(attempt.error))
    return radau_shrink_unsolved * length;
  if (first) return 0.1 * length;
  const double few = radau_safety * (2.0 * most_iterations + 1) / (2.0 * most_iterations + iterations_);
  return length * std::max(radau_shrink_most, std::min(radau_safety, few) * std::pow(attempt.error, -0.25));
}

// Records the step: the same z, with derivatives by the implicit function theorem.
void Radau::attach(Step& step) {
  step.y = y_;
  Stages z;
  for (const State& part : step.z) z.push_back(system_->pack(part));
  // A sparse or dense solve if the step used the matrix, otherwise GMRES.
  ImplicitOptions how{.coupling = system_->coupling()};
  if (linearization_.jacobian.sparse)
    how.sparsity = pattern_.of(linearization_.jacobian.sparse->pattern);
  else if (linearization_.jacobian.defined())
    how.method = ImplicitMethod::dense;
  if (linearization_.diagonal.defined()) {
    const NoGrad guard;
    Stages diagonals;
    for (size_t i = 0; i < stages; ++i)
      diagonals.push_back(step.h() * radau_tableau().a[i + 1][i + 1] * linearization_.diagonal - 1);
    how.diagonal = interleaved(diagonals);
  }
  const Tensor root = implicit_root([&](const Tensor& u) { return interleaved(residual(step, separated(u, stages))); },
                                    interleaved(z), how);
  step.z = with_quadratures(step, separated(root, stages));
}

Interpolant Radau::interpolant_of(const Step& step) const {
  Interpolant interpolant{step.t, step.t1, step.t, step.h(), {}, {}};
  for (size_t i = 0; i < stages; ++i) {
    interpolant.v.push_back(step.z[i]);
    interpolant.p.push_back({0, polynomial[i][0], polynomial[i][1], polynomial[i][2]});
  }
  interpolant.v.push_back(step.y);
  interpolant.p.push_back({1});
  return interpolant;
}

const Family& radau() {
  static const Family family = [] {
    Family made;
    made.names = {radau_tableau().name};
    made.adaptive = [](const std::string&) { return true; };
    made.implicit = [](const std::string&) { return true; };
    made.mass = [](const std::string&) { return true; };
    made.make = [](const std::shared_ptr<System>& system, double t, const State& y, State derivative) {
      return std::make_unique<Radau>(system, t, y, std::move(derivative));
    };
    return made;
  }();
  return family;
}

}  // namespace ode

}  // namespace dimwise
