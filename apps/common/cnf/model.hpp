#pragma once

#include <string>
#include <vector>

#include "apps/common/report/mean.hpp"
#include "hollow/flow/cnf.hpp"
#include "hollow/net/any_hollow_net.hpp"
#include "nn/data/standardizer.hpp"
#include "nn/parallel/thread_pool.hpp"

namespace dimwise::app::cnf {

/// The architecture of a flow.
struct ModelSettings {
  HollowConfig net{.transformer_hidden = {64, 64}};
  int64_t blocks = 1;
  double end_time = 1;
};

/// A Hollow-CNF on standardized data: what `dimwise-cnf` trains.
struct FlowModel {
  Standardizer standardizer;  ///< float64, whatever the flow's dtype: data can lie far from 0
  Cnf<AnyHollowNet> flow;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("standardizer", self.standardizer);
    v("flow", self.flow);
  }
};

/// The model, freshly initialized. Throws ValueError for invalid settings.
FlowModel make_model(const ModelSettings& settings, const Rng& rng);

/// The score of a batch.
struct Score {
  Tensor log_prob;  ///< (rows,), nats in the units of the data
  FlowResult solution;
};

/// Log-likelihood of each row of x, in the units of the data. Throws SolverError.
Score score(const FlowModel& model, const Tensor& x, const FlowOptions& options);

/// The mean log-likelihood of a row.
struct Likelihood : Mean {
  double evaluations = 0;  ///< of the dynamics, a chunk
};
/// Solves chunks of bounded memory separately, in parallel. The result does not depend on the number of threads.
Likelihood likelihood(ThreadPool& pool, const FlowModel& model, const Tensor& x, const FlowOptions& options,
                      int64_t chunk = 500);

/// n points of the model, float64, in the units of the data.
Tensor sample_model(const FlowModel& model, int64_t n, const Rng& rng, const OdeOptions& options);

/// The architecture in one line of text.
std::string describe(const ModelSettings& settings);

}  // namespace dimwise::app::cnf
