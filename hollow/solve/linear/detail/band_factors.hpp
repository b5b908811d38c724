#pragma once

#include <vector>

#include "hollow/solve/linear/detail/sparse_factors.hpp"
#include "hollow/solve/linear/sparsity_pattern.hpp"

namespace dimwise {

/// By LAPACK, with the whole band from the lowest to the highest entry.
class BandFactors final : public SparseFactors {
 public:
  explicit BandFactors(const SparsityPattern& pattern);
  void resize(size_t matrices) override;
  void factor(size_t matrix, const double* values) override;
  bool singular() const override;
  void solve(size_t matrix, double* b, bool transposed) const override;

 private:
  struct Factors {
    std::vector<double> band;
    std::vector<int> pivots;
    bool singular = false;
  };

  int n_, lower_, upper_;
  std::vector<size_t> places_;  // of the entries, in the band
  std::vector<Factors> factors_;
};

}  // namespace dimwise
