#include "apps/ode/fit/scores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autodiff/context.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/linalg.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::ode {

namespace {

// The mean square of each component's error over all forecasts of the segments, in the model's units.
std::vector<double> mean_squares(const OdeTerm& own, const Points& points, const std::vector<Segment>& segments,
                                 const OdeOptions& options) {
  constexpr size_t chunk = 1000;  // segments, to bound memory
  const NoGrad guard;
  std::vector<double> all(static_cast<size_t>(points.x.dim(1)));
  double forecasts = 0;
  for (size_t begin = 0; begin < segments.size(); begin += chunk) {
    const auto from = segments.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto to = segments.begin() + static_cast<std::ptrdiff_t>(std::min(segments.size(), begin + chunk));
    const Batch batch = make_batch(points, {from, to});
    forecasts += batch.forecasts() * static_cast<double>(batch.rows());
    try {
      const std::vector<double> part = sum(squared_errors(solve(own, batch, options), batch), {0}).values();
      for (size_t i = 0; i < all.size(); ++i) all[i] += part[i];
    } catch (const SolverError&) {
      return std::vector<double>(all.size(), std::numeric_limits<double>::infinity());
    }
  }
  for (double& v : all) v /= forecasts;
  return all;
}

}  // namespace

Errors errors(const FitModel& model, const OdeTerm& own, const Observations& test, const OdeOptions& options) {
  const Points points = own_points(model, test);
  const std::vector<double> scale = model.units.scale.value.values();
  const auto in_data_units = [&](std::vector<double> squares) {
    for (size_t i = 0; i < squares.size(); ++i) squares[i] = scale[i] * std::sqrt(squares[i]);
    return squares;
  };
  return {in_data_units(mean_squares(own, points, windows(test, 2), options)),
          in_data_units(mean_squares(own, points, whole_paths(test), options))};
}

double whole_path_error(const FitModel& model, const Observations& test, const OdeOptions& options) {
  const NoGrad guard;
  double all = 0;
  for (const double v : mean_squares(own_dynamics(model), own_points(model, test), whole_paths(test), options))
    all += v / static_cast<double>(test.d());
  return std::sqrt(all);
}

OdeTerm stays() {
  return VectorField([](const Tensor&, const State& y) -> State { return {zeros_like(y[0])}; });
}

OdeTerm linear_fit(const FitModel& model, const Observations& train) {
  const NoGrad guard;
  const Points points = own_points(model, train);
  const auto [from, to] = pairs(train);
  const auto at = [](const Tensor& x, const std::vector<int64_t>& which) { return index_select(x, 0, which); };
  const Tensor dt = astype(at(points.t, to) - at(points.t, from), points.x.dtype());
  const Tensor middle = 0.5 * (at(points.x, from) + at(points.x, to));
  const Tensor fit = lstsq(concat({dt * middle, dt}, 1), at(points.x, to) - at(points.x, from));
  const Tensor a = slice(fit, 0, 0, train.d()), b = select(fit, 0, train.d());
  return VectorField([a, b](const Tensor&, const State& y) -> State { return {matmul(y[0], a) + b}; });
}

Scores scores(const FitModel& model, const Observations& train, const Observations& test, const OdeOptions& options) {
  const NoGrad guard;
  const FitModel exact = astype(model, DType::float64);
  const auto of = [&](const OdeTerm& own) { return errors(exact, own, test, options); };
  return {of(own_dynamics(exact)), of(stays()), of(linear_fit(exact, train))};
}

}  // namespace dimwise::app::ode
