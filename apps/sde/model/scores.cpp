#include "apps/sde/model/scores.hpp"

#include <algorithm>
#include <functional>

#include "autodiff/context.hpp"
#include "hollow/sde/fokker_planck.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::sde {

namespace {

// f(begin, end) of rows that are few enough to bound the memory, concatenated.
Tensor by_chunks(int64_t rows, const std::function<Tensor(int64_t begin, int64_t end)>& f) {
  constexpr int64_t chunk = 5000;
  std::vector<Tensor> parts;
  for (int64_t begin = 0; begin < rows; begin += chunk) parts.push_back(f(begin, std::min(rows, begin + chunk)));
  return concat(parts, 0);
}

Tensor log_density(const SavedRun& fit) {
  const NoGrad guard;
  const SdeModel model = astype(fit.model, DType::float64);
  const Points all = density_points(model, fit.data.test);
  return by_chunks(all.t.dim(0), [&](int64_t begin, int64_t end) {
    const Tensor context = all.context.defined() ? slice(all.context, 0, begin, end) : all.context;
    return model.density.log_prob(slice(all.t, 0, begin, end), slice(all.x, 0, begin, end), context) +
           model.units.log_det();
  });
}

// Consecutive observations in the units of the data: t (n, 1) and x (n, d) before and after.
struct Moves {
  Tensor t0, x0, t1, x1;
};
Moves moves(const Observations& seen) {
  const auto [from, to] = pairs(seen);
  const Tensor t = reshape(tensor(seen.t, DType::float64), {seen.size(), 1});
  return {index_select(t, 0, from), index_select(seen.x, 0, from), index_select(t, 0, to), index_select(seen.x, 0, to)};
}

SdeCoefficient constant(const Tensor& value) {
  return [value](const Tensor&, const Tensor& x, int) { return std::vector<Tensor>{broadcast_to(value, x.shape())}; };
}

// The maximum-likelihood random walk with drift, with independent components.
Sde random_walk(const Moves& m) {
  const Tensor dt = m.t1 - m.t0, dx = m.x1 - m.x0;
  const Tensor mu = sum(dx, {0}) / sum(dt);
  return {constant(mu), constant(sqrt(mean(square(dx - mu * dt) / dt, {0})))};
}

}  // namespace

Mean density_score(const SavedRun& fit) { return mean_of(log_density(fit).values()); }

std::optional<Mean> density_excess(const SavedRun& fit) {
  const SdeSystem* truth = known_density(fit);
  if (!truth) return {};
  const Observations& seen = fit.data.test;
  const Tensor t = reshape(tensor(seen.t, DType::float64), {seen.size(), 1});
  std::vector<double> exact(seen.t.size());
  for (int64_t g = 0; g < static_cast<int64_t>(truth->groups.size()); ++g) {
    const std::vector<double> all = truth->log_density(t, seen.x, g).values();
    for (size_t i = 0; i < exact.size(); ++i)
      if (seen.group[i] == g) exact[i] = all[i];
  }
  return mean_of((tensor(exact, DType::float64) - log_density(fit)).values());
}

std::optional<TransitionScores> transition_scores(const SavedRun& fit) {
  const NoGrad guard;
  if (pairs(fit.data.test).empty() || pairs(fit.data.train).empty()) return {};
  if (std::count(fit.known.begin(), fit.known.end(), 0.0) == static_cast<int64_t>(fit.known.size())) return {};
  const Moves held = moves(fit.data.test);
  std::vector<double> noisy;
  for (const auto& g : fit.known) noisy.push_back(g == 0.0 ? 0 : 1);
  const Tensor counted = tensor(noisy, DType::float64);
  const auto each = [&](const Sde& sde) {
    return by_chunks(held.t0.dim(0), [&](int64_t begin, int64_t end) {
      const auto rows = [&](const Tensor& x) { return slice(x, 0, begin, end); };
      return sum(counted * euler_log_prob(sde, rows(held.t0), rows(held.x0), rows(held.t1), rows(held.x1)), {-1});
    });
  };
  const Tensor own = each(equation(astype(fit.model, DType::float64))), walk = each(random_walk(moves(fit.data.train)));
  return TransitionScores{mean_of(own.values()), mean_of(walk.values()), mean_of((own - walk).values())};
}

}  // namespace dimwise::app::sde
