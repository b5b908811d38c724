#pragma once

#include <vector>

#include "apps/common/data/observations.hpp"
#include "apps/ode/fit/model.hpp"

namespace dimwise::app::ode {

/// Consecutive observations of one path, of which the first is the start of a solve.
struct Segment {
  int64_t first = 0, count = 0;  ///< of the rows of the observations
};
/// Each path as one segment.
std::vector<Segment> whole_paths(const Observations& seen);
/// All runs of `length` observations within a path; a shorter path is one segment.
std::vector<Segment> windows(const Observations& seen, int64_t length);

/// Observations in the model's units.
struct Points {
  Tensor t;  ///< (n, 1), float64
  Tensor x;  ///< (n, d), of the net's dtype
};
Points own_points(const FitModel& model, const Observations& seen);

/// Segments as rows, with times of their own. Shorter ones are continued by their last observation.
struct Batch {
  std::vector<Tensor> t, x;    ///< of each observation: (rows, 1), float64, and (rows, d)
  std::vector<Tensor> weight;  ///< (rows, 1): 1 for an observation, 0 for a continuation

  int64_t rows() const { return t[0].dim(0); }
  /// The mean number of observations of a row after its start.
  double forecasts() const;
};
Batch make_batch(const Points& points, const std::vector<Segment>& segments);
/// Rows begin, …, end − 1.
Batch rows(const Batch& batch, int64_t begin, int64_t end);

/// States at the times of a batch.
struct Solved {
  std::vector<Tensor> x;  ///< (rows, d) each; the first is the start
  int64_t evaluations = 0;
};
/// Solves dx/dt = f(t, x) from the first observation of each row to the others.
///
/// All rows are solved together over each interval, whatever its length: dx/ds = Δt f(t + s Δt, x), s from 0 to 1, with
/// the t and Δt of the row. Throws SolverError.
Solved solve(const OdeTerm& own, const Batch& batch, const OdeOptions& options);

/// The sum of squared errors of each row and component, (rows, d).
Tensor squared_errors(const Solved& solved, const Batch& batch);

}  // namespace dimwise::app::ode
