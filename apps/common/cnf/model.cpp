#include "apps/common/cnf/model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "apps/common/cli/net_settings.hpp"
#include "autodiff/context.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::cnf {

FlowModel make_model(const ModelSettings& s, const Rng& rng) {
  HollowConfig net = s.net;
  net.time = true;
  FlowModel model;
  model.standardizer = Standardizer(s.net.d, DType::float64);
  model.flow.T = s.end_time;
  for (int64_t b = 0; b < s.blocks; ++b)
    model.flow.blocks.push_back(make_hollow_net(net, rng.split("block").split(static_cast<uint64_t>(b))));
  return model;
}

Score score(const FlowModel& model, const Tensor& x, const FlowOptions& options) {
  Score result;
  const Tensor own = model.standardizer.forward(astype(x, DType::float64));
  result.solution = model.flow.to_base(astype(own, dtype_of(model.flow)), {}, options);
  result.log_prob = base_log_prob(result.solution.x) + result.solution.log_det + model.standardizer.log_det();
  return result;
}

Likelihood likelihood(ThreadPool& pool, const FlowModel& model, const Tensor& x, const FlowOptions& options,
                      int64_t chunk) {
  const NoGrad guard;
  const int64_t n = x.dim(0), chunks = (n + chunk - 1) / chunk;
  std::vector<Score> parts(static_cast<size_t>(chunks));
  pool.run(chunks, [&](int64_t i) {
    FlowOptions own = options;
    own.first_row = i * chunk;
    parts[static_cast<size_t>(i)] = score(model, slice(x, 0, own.first_row, std::min(n, own.first_row + chunk)), own);
  });
  std::vector<double> log_probs;
  double evaluations = 0;
  for (const Score& part : parts) {
    for (const double v : part.log_prob.values()) log_probs.push_back(v);
    evaluations += static_cast<double>(part.solution.statistics.evaluations);
  }
  return {mean_of(log_probs), evaluations / static_cast<double>(std::max<int64_t>(chunks, 1))};
}

Tensor sample_model(const FlowModel& model, int64_t n, const Rng& rng, const OdeOptions& options) {
  const int64_t d = model.standardizer.mean.value.size();
  return model.standardizer.inverse(astype(model.flow.sample(rng, {n, d}, {}, {.ode = options}), DType::float64));
}

std::string describe(const ModelSettings& s) {
  return fmt::format("{}{}, {}", app::describe(s.net), s.blocks > 1 ? fmt::format(", {} blocks", s.blocks) : "",
                     name(s.net.dtype));
}

}  // namespace dimwise::app::cnf
