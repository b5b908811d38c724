#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// √n · sup |F_n − F| for each coordinate of n samples of shape (n, d), d = 1 or 2, where F is the marginal of the
/// density exp(log_prob) over [−edge, edge]^d, by the midpoint rule. Kolmogorov: above 1.95 with probability 0.001 if
/// the samples have this density.
inline std::vector<double> kolmogorov_smirnov(const Tensor& samples,
                                              const std::function<Tensor(const Tensor&)>& log_prob, double edge = 10,
                                              int64_t cells = 400) {
  const int64_t n = samples.dim(0), d = samples.dim(1), points = d == 1 ? cells : cells * cells;
  const double h = 2 * edge / static_cast<double>(cells);
  const auto cell = [&](int64_t point, int64_t axis) { return axis == 0 ? point % cells : point / cells; };
  std::vector<double> centers;
  for (int64_t i = 0; i < points; ++i)
    for (int64_t k = 0; k < d; ++k) centers.push_back(-edge + h * (static_cast<double>(cell(i, k)) + 0.5));
  const std::vector<double> logs = log_prob(tensor(centers, {points, d}, samples.dtype())).values();
  const std::vector<double> drawn = samples.values();
  std::vector<double> result;
  for (int64_t k = 0; k < d; ++k) {
    std::vector<double> below(static_cast<size_t>(cells) + 1);  // F at the borders of the cells
    for (int64_t i = 0; i < points; ++i)
      below[static_cast<size_t>(cell(i, k)) + 1] += std::exp(logs[static_cast<size_t>(i)]) * std::pow(h, d);
    for (size_t i = 1; i < below.size(); ++i) below[i] += below[i - 1];
    std::vector<double> x;
    for (int64_t i = 0; i < n; ++i) x.push_back(drawn[static_cast<size_t>(i * d + k)]);
    std::sort(x.begin(), x.end());
    double distance = 0;
    for (int64_t i = 0; i < n; ++i) {
      const double at = std::clamp((x[static_cast<size_t>(i)] + edge) / h, 0.0, static_cast<double>(cells) - 1e-9);
      const auto left = static_cast<size_t>(at);
      const double F = below[left] + (at - static_cast<double>(left)) * (below[left + 1] - below[left]);
      distance = std::max({distance, F - static_cast<double>(i) / static_cast<double>(n),
                           static_cast<double>(i + 1) / static_cast<double>(n) - F});
    }
    result.push_back(distance * std::sqrt(static_cast<double>(n)));
  }
  return result;
}

/// Whether the samples have the density: every coordinate's statistic is below 1.95.
inline bool follow(const Tensor& samples, const std::function<Tensor(const Tensor&)>& log_prob, double edge = 10,
                   int64_t cells = 400) {
  const std::vector<double> statistics = kolmogorov_smirnov(samples, log_prob, edge, cells);
  return std::all_of(statistics.begin(), statistics.end(), [](double s) { return s < 1.95; });
}

}  // namespace dimwise
