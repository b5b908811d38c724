#include "apps/cnf/density_grid.hpp"

#include <algorithm>

#include "ops/layout.hpp"

namespace dimwise::app::cnf {

std::vector<double> column(const Tensor& x, int64_t i) { return slice(x, 1, i, i + 1).values(); }

Tensor shown_rows(const Dataset& data, int64_t most) {
  if (data.density) return slice(data.test, 0, 0, std::min(most, data.test.dim(0)));
  const Tensor all = concat({data.train, data.validation, data.test}, 0);
  return slice(all, 1, data.given, all.dim(1));
}

std::vector<double> log_density(const ForChunks& for_chunks, const FlowModel& model, const Tensor& points,
                                const Tensor& given, const FlowOptions& options) {
  const Tensor rows =
      given.defined() ? concat({broadcast_to(given, {points.dim(0), given.size()}), points}, 1) : points;
  return score_rows(for_chunks, model, rows, options).log_prob;
}

}  // namespace dimwise::app::cnf
