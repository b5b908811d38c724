#include "apps/ode/fit/segments.hpp"

#include <algorithm>

#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::ode {

namespace {

Tensor as_column(const std::vector<double>& values, DType dtype) {
  return reshape(tensor(values, dtype), {static_cast<int64_t>(values.size()), 1});
}

// dx/ds on an interval of each row.
OdeTerm over_interval(const OdeTerm& own, const Tensor& start, const Tensor& length, DType dtype) {
  const Tensor factor = astype(length, dtype);
  const auto time = [=](const Tensor& s) { return start + s * length; };
  OdeTerm result(
      VectorField([=](const Tensor& s, const State& y) -> State { return {factor * own.f(time(s), y)[0]}; }));
  if (own.with_diagonal)
    result.with_diagonal = [=](const Tensor& s, const State& y) -> ValueAndDiagonal {
      const ValueAndDiagonal both = own.with_diagonal(time(s), y);
      return {{factor * both.f[0]}, {factor * both.d[0]}};
    };
  return result;
}

}  // namespace

std::vector<Segment> whole_paths(const Observations& seen) {
  std::vector<Segment> all;
  for (int64_t i = 0; i < seen.size(); ++i) {
    const auto at = static_cast<size_t>(i);
    if (i == 0 || seen.path[at] != seen.path[at - 1]) all.push_back({i, 0});
    ++all.back().count;
  }
  return all;
}

std::vector<Segment> windows(const Observations& seen, int64_t length) {
  std::vector<Segment> all;
  for (const Segment& path : whole_paths(seen)) {
    const int64_t count = std::min(length, path.count);
    for (int64_t i = 0; i + count <= path.count; ++i) all.push_back({path.first + i, count});
  }
  return all;
}

Points own_points(const FitModel& model, const Observations& seen) {
  const DType dtype = std::visit([](const auto& net) { return dtype_of(net); }, model.net);
  return {as_column(own_times(model, seen.t), DType::float64), astype(model.units.forward(seen.x), dtype)};
}

double Batch::forecasts() const {
  double all = 0;
  for (size_t k = 1; k < weight.size(); ++k) all += sum(weight[k]).item();
  return all / static_cast<double>(rows());
}

Batch make_batch(const Points& points, const std::vector<Segment>& segments) {
  int64_t longest = 0;
  for (const Segment& s : segments) longest = std::max(longest, s.count);
  Batch batch;
  for (int64_t k = 0; k < longest; ++k) {
    std::vector<int64_t> which;
    std::vector<double> weight;
    for (const Segment& s : segments) {
      which.push_back(s.first + std::min(k, s.count - 1));
      weight.push_back(k < s.count ? 1 : 0);
    }
    batch.t.push_back(index_select(points.t, 0, which));
    batch.x.push_back(index_select(points.x, 0, which));
    batch.weight.push_back(as_column(weight, points.x.dtype()));
  }
  return batch;
}

Batch rows(const Batch& batch, int64_t begin, int64_t end) {
  const auto some = [&](const std::vector<Tensor>& all) {
    std::vector<Tensor> part;
    for (const Tensor& x : all) part.push_back(slice(x, 0, begin, end));
    return part;
  };
  return {some(batch.t), some(batch.x), some(batch.weight)};
}

Solved solve(const OdeTerm& own, const Batch& batch, const OdeOptions& options) {
  Solved solved{.x = {batch.x[0]}};
  // Observations are usually so close that one step reaches the next; to choose the first step takes more evaluations.
  OdeOptions own_options = options;
  if (is_adaptive(options.method) && !is_implicit(options.method) && options.steps == 0) own_options.dt = 1;
  for (size_t k = 1; k < batch.t.size(); ++k) {
    const OdeTerm term = over_interval(own, batch.t[k - 1], batch.t[k] - batch.t[k - 1], batch.x[0].dtype());
    const OdeSolution s = value_or_throw(odeint(term, {solved.x.back()}, {0, 1}, own_options));
    solved.x.push_back(s.y.back()[0]);
    solved.evaluations += s.statistics.evaluations;
  }
  return solved;
}

Tensor squared_errors(const Solved& solved, const Batch& batch) {
  Tensor sum = zeros_like(batch.x[0]);
  for (size_t k = 1; k < batch.x.size(); ++k) sum = sum + batch.weight[k] * square(solved.x[k] - batch.x[k]);
  return sum;
}

}  // namespace dimwise::app::ode
