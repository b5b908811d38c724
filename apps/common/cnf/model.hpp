#pragma once

#include <functional>
#include <optional>
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
  HollowConfig net{.transformer_hidden = {64, 64}};  ///< its context is that of the given columns
  int64_t blocks = 1;
  double end_time = 1;
};

/// A Hollow-CNF on standardized data: what `dimwise-cnf` trains.
struct FlowModel {
  Standardizer standardizer;          ///< float64, whatever the flow's dtype: data can lie far from 0
  std::optional<Standardizer> given;  ///< of the columns that the density is conditional on, if there are any; float64
  Cnf<AnyHollowNet> flow;

  /// Numbers of given and of learned columns.
  int64_t given_columns() const { return given ? given->mean.value.size() : 0; }
  int64_t columns() const { return standardizer.mean.value.size(); }
  /// The flow's context of given columns (rows, c); undefined without any.
  Tensor context(const Tensor& columns) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("standardizer", self.standardizer);
    v("given", self.given);
    v("flow", self.flow);
  }
};

/// The model, freshly initialized. Throws ValueError for invalid settings.
FlowModel make_model(const ModelSettings& settings, const Rng& rng);
/// Fits the standardizers to rows (n, c + d) of named columns. Throws DataError.
void fit_standardizers(FlowModel& model, const Tensor& rows, const std::vector<std::string>& names);

/// The score of a batch.
struct Score {
  Tensor log_prob;  ///< (rows,), nats in the units of the data
  FlowResult solution;
};

/// The log-likelihood of each row of x (rows, c + d), whose first c columns are given, in the units of the data. Throws
/// SolverError.
Score score(const FlowModel& model, const Tensor& x, const FlowOptions& options);

/// Calls a task for each of some chunks, in any order, as `ThreadPool::run` does.
using ForChunks = std::function<void(int64_t chunks, const std::function<void(int64_t chunk)>& task)>;

/// The mean log-likelihood of a row.
struct Likelihood : Mean {
  double evaluations = 0;  ///< of the dynamics, a chunk
};
/// Solves chunks of bounded memory separately, in parallel. The result does not depend on the number of threads.
Likelihood likelihood(ThreadPool& pool, const FlowModel& model, const Tensor& x, const FlowOptions& options,
                      int64_t chunk = 500);

/// The scores of many rows.
struct RowScores {
  std::vector<double> log_prob;  ///< nats in the units of the data
  Tensor z;                      ///< (rows, d), the points of the base, in the dtype of the flow
  double evaluations = 0;        ///< of the dynamics, a chunk

  Likelihood likelihood() const { return {mean_of(log_prob), evaluations}; }
};
/// The same scores of every row, in chunks. Throws DataError that names a row without a finite score, and SolverError
/// that names the rows of the chunk.
RowScores score_rows(const ForChunks& for_chunks, const FlowModel& model, const Tensor& x, const FlowOptions& options,
                     int64_t chunk = 500);

/// n points of the model, float64, in the units of the data. `given` has the given columns of each, (n, c), and is
/// undefined without any. The points are solved in chunks of bounded memory, and do not depend on how these are run.
Tensor sample_model(const ForChunks& for_chunks, const FlowModel& model, int64_t n, const Tensor& given, const Rng& rng,
                    const OdeOptions& options);

/// The architecture in one line of text.
std::string describe(const ModelSettings& settings);

}  // namespace dimwise::app::cnf
