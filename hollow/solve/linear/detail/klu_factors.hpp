#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "hollow/solve/linear/detail/sparse_factors.hpp"
#include "hollow/solve/linear/sparsity_pattern.hpp"

namespace dimwise {

/// By KLU, which reads the rows of A as the columns of Aᵀ.
class KluFactors final : public SparseFactors {
 public:
  /// Throws ValueError for 2³¹ entries and more.
  explicit KluFactors(const SparsityPattern& pattern);
  ~KluFactors() override;
  void resize(size_t matrices) override;
  void factor(size_t matrix, const double* values) override;
  bool singular() const override;
  void solve(size_t matrix, double* b, bool transposed) const override;

 private:
  struct Library;  // KLU's settings, the analysis and the factors
  std::unique_ptr<Library> library_;
  mutable std::mutex solving_;  // KLU's solves share memory
};

}  // namespace dimwise
