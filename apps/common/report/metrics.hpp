#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "apps/common/plot/figure.hpp"

namespace dimwise::app {

/// The lines of a run's metrics.jsonl, objects with a number `step`; none if there is no such file. A last line that
/// was cut short when the run was killed is left out. Throws DataError for any other damaged line.
std::vector<nlohmann::json> read_metrics(const std::string& path);

/// The values of one name in a run's metrics.jsonl over the steps; empty if there are none or if there is no file.
/// Throws DataError.
Line read_metric(const std::string& path, const std::string& name, const std::string& label = "");

/// The median of each value with up to `before` values before it and up to `after` values after it.
std::vector<double> median_filter(const std::vector<double>& values, size_t before, size_t after);
/// The line with the median of each value and the `window − 1` before it.
Line running_median(const Line& line, size_t window);

}  // namespace dimwise::app
