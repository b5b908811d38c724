#include "autodiff/debug/profile.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "autodiff/op.hpp"

namespace dimwise {

void Profile::evaluated(const Op& op, std::span<const Tensor>, const Tensor& output, double seconds) {
  const std::lock_guard lock(mutex_);
  Row& row = rows_[op.name];
  ++row.calls;
  row.bytes += output.size() * static_cast<int64_t>(bytes(output.dtype()));
  row.forward += seconds;
}

void Profile::pulled(const Call& call, const Tensor&, std::span<const Tensor>, double seconds) {
  const std::lock_guard lock(mutex_);
  Row& row = rows_[call.op.name];
  ++row.pulls;
  row.reverse += seconds;
}

std::string Profile::report() const {
  std::vector<std::pair<std::string, Row>> sorted(rows_.begin(), rows_.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.second.forward + a.second.reverse > b.second.forward + b.second.reverse;
  });
  std::string text = "op                    calls  forward ms    pulls  reverse ms         MiB\n";
  for (const auto& [op, row] : sorted) {
    char line[128];
    std::snprintf(line, sizeof line, "%-18s %8lld %11.3f %8lld %11.3f %11.3f\n", op.c_str(),
                  static_cast<long long>(row.calls), 1e3 * row.forward, static_cast<long long>(row.pulls),
                  1e3 * row.reverse, static_cast<double>(row.bytes) / (1 << 20));
    text += line;
  }
  return text;
}

}  // namespace dimwise
