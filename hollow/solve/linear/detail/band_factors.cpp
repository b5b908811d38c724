#include "hollow/solve/linear/detail/band_factors.hpp"

#include <algorithm>

#include "ops/detail/linalg_kernels.hpp"

namespace dimwise {

BandFactors::BandFactors(const SparsityPattern& pattern)
    : n_(static_cast<int>(pattern.size())),
      lower_(static_cast<int>(pattern.lower_bandwidth())),
      upper_(static_cast<int>(pattern.upper_bandwidth())) {
  const auto diagonal = static_cast<size_t>(pattern.lower_bandwidth() + pattern.upper_bandwidth());
  const size_t height = diagonal + static_cast<size_t>(pattern.lower_bandwidth()) + 1;
  for (size_t i = 0; i + 1 < pattern.begins().size(); ++i)
    for (int64_t k = pattern.begins()[i]; k < pattern.begins()[i + 1]; ++k) {
      const auto j = static_cast<size_t>(pattern.columns()[static_cast<size_t>(k)]);
      places_.push_back(j * height + diagonal + i - j);
    }
}

void BandFactors::resize(size_t matrices) { factors_.resize(matrices); }

void BandFactors::factor(size_t matrix, const double* values) {
  Factors& to = factors_[matrix];
  const auto n = static_cast<size_t>(n_);
  to.band.assign(static_cast<size_t>(2 * lower_ + upper_ + 1) * n, 0);
  to.pivots.resize(n);
  for (size_t k = 0; k < places_.size(); ++k) to.band[places_[k]] = values[k];
  to.singular = kernels::band_factor(to.band.data(), n_, lower_, upper_, to.pivots.data()) != 0;
}

bool BandFactors::singular() const {
  return std::any_of(factors_.begin(), factors_.end(), [](const Factors& each) { return each.singular; });
}

void BandFactors::solve(size_t matrix, double* b, bool transposed) const {
  const Factors& from = factors_[matrix];
  kernels::band_solve(from.band.data(), from.pivots.data(), n_, lower_, upper_, transposed, b);
}

}  // namespace dimwise
