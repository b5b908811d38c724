#pragma once

#include <optional>
#include <vector>

#include "hollow/solve/linear/sparse_matrix.hpp"

namespace dimwise::ode {

/// Square coefficients a_ij that couple stages.
using Coupling = std::vector<std::vector<double>>;
/// The unknowns of each stage, (…, n).
using Stages = std::vector<Tensor>;

/// The unknowns of all stages, (…, n s), those of one component side by side, so that a narrow band stays narrow.
Tensor interleaved(const Stages& stages);
/// The stages of such unknowns.
Stages separated(const Tensor& unknowns, size_t stages);

/// The sparse matrix I − h A ⊗ J of s stages for interleaved unknowns: an entry of J is a block of the size of A.
class StagePattern {
 public:
  explicit StagePattern(size_t stages) : stages_(static_cast<int64_t>(stages)) {}

  /// The pattern of the matrix, kept until that of J changes.
  const SparsityPattern& of(const SparsityPattern& jacobian);
  SparseMatrix matrix(const SparseMatrix& jacobian, const Coupling& a, double h);

 private:
  int64_t stages_;
  std::optional<SparsityPattern> jacobian_, pattern_;
  std::vector<int64_t> sources_;  // the entry of J below each entry, or −1
};

}  // namespace dimwise::ode
