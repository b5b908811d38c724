#include "apps/ode/experiment/stiffness.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/context.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/transforms.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::experiment {

namespace {

constexpr int places = 8;
constexpr int squarings = 24;  // the power 2^24 leaves a constant factor no weight

std::vector<double> square_of(const std::vector<double>& a, size_t d) {
  std::vector<double> product(d * d);
  for (size_t i = 0; i < d; ++i)
    for (size_t k = 0; k < d; ++k)
      for (size_t j = 0; j < d; ++j) product[i * d + j] += a[i * d + k] * a[k * d + j];
  return product;
}

// Row i of J of every batch row: (rows, d) for each i.
std::vector<std::vector<double>> jacobian_rows(const Iteration& iteration, const Tensor& t, const State& y) {
  const EnableGrad guard;
  State inputs = y;
  inputs[0] = track(stop_gradient(y[0]));
  const Tensor f = iteration.term.f(t, inputs)[0];
  const Tape tape({f}, {inputs[0]});
  const int64_t d = f.dim(-1);
  std::vector<std::vector<double>> rows;
  for (int64_t i = 0; i < d; ++i) {
    std::vector<double> one(static_cast<size_t>(f.size()));
    for (size_t e = static_cast<size_t>(i); e < one.size(); e += static_cast<size_t>(d)) one[e] = 1;
    const NoGrad guard;
    rows.push_back(tape.pull({tensor(one, f.shape(), f.dtype())})[0].values());
  }
  return rows;
}

}  // namespace

double spectral_radius(std::vector<double> a, size_t d) {
  double logarithm = 0, power = 1;
  for (int i = 0;; ++i) {
    double size = 0;
    for (const double v : a) size = std::max(size, std::abs(v));
    if (!(size > 0)) return 0;
    logarithm += std::log(size) / power;
    if (i == squarings) return std::exp(logarithm);
    for (double& v : a) v /= size;
    a = square_of(a, d);
    power *= 2;
  }
}

namespace {

// max Re λ of −direction · J: ρ(1 + A/c) = 1 + max Re λ(A)/c for c far above ρ(A).
double decay(std::vector<double> matrix, size_t d, double rate, double direction) {
  if (rate == 0) return 0;
  const double c = 1000 * rate;
  for (double& v : matrix) v *= -direction / c;
  for (size_t i = 0; i < d; ++i) matrix[i * d + i] += 1;
  return c * (spectral_radius(matrix, d) - 1);
}

}  // namespace

Stiffness stiffness(const Iteration& iteration, OdeOptions options, int64_t rows) {
  const NoGrad guard;
  State start;
  for (const Tensor& part : iteration.start) start.push_back(slice(part, 0, 0, std::min(rows, part.dim(0))));
  const double from = iteration.times.front(), to = iteration.times.back(), direction = to > from ? 1 : -1;
  std::vector<double> times;
  for (int k = 0; k <= places; ++k) times.push_back(from + (to - from) * k / places);
  options.quadratures = iteration.quadratures;
  options.gradient = OdeGradient::direct;
  const OdeSolution solution = value_or_throw(odeint(iteration.term, start, times, options));
  Stiffness worst;
  for (size_t k = 0; k < times.size(); ++k) {
    const State& y = solution.y[k];
    const auto jacobian = jacobian_rows(iteration, scalar(times[k], y[0].dtype()), y);
    const size_t d = jacobian.size();
    for (size_t r = 0; r < static_cast<size_t>(y[0].dim(0)); ++r) {
      std::vector<double> matrix(d * d);
      for (size_t i = 0; i < d; ++i)
        for (size_t j = 0; j < d; ++j) matrix[i * d + j] = jacobian[i][r * d + j];
      const double rate = spectral_radius(matrix, d);
      worst.decay = std::max(worst.decay, decay(matrix, d, rate, direction));
      if (rate <= worst.rate) continue;
      worst.rate = rate;
      const double gamma = direction * 10 / rate;
      for (size_t i = 0; i < d; ++i) {
        const double denominator = 1 - gamma * matrix[i * d + i];
        for (size_t j = 0; j < d; ++j) matrix[i * d + j] = i == j ? 0 : gamma * matrix[i * d + j] / denominator;
      }
      worst.contraction = spectral_radius(matrix, d);
    }
  }
  return worst;
}

}  // namespace dimwise::app::experiment
