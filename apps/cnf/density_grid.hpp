#pragma once

#include <vector>

#include "apps/common/cnf/saved_run.hpp"
#include "apps/common/plot/places.hpp"

namespace dimwise::app::cnf {

/// The values of column i of (rows, columns).
std::vector<double> column(const Tensor& x, int64_t i);
/// The learned columns of the rows that a picture of the density shows: all of a file, at most `most` of a density.
Tensor shown_rows(const Dataset& data, int64_t most);
/// The range of a column that a picture or a grid shows.
inline Limits shown_range(const Tensor& x, int64_t i) { return span(column(x, i), 0.12); }

/// ln p at points (n, d) of the learned columns, in nats, under the values (c,) of the given columns, which are
/// undefined without any.
std::vector<double> log_density(const ForChunks& for_chunks, const FlowModel& model, const Tensor& points,
                                const Tensor& given, const FlowOptions& options);

}  // namespace dimwise::app::cnf
