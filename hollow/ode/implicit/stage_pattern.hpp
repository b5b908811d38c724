#pragma once

#include <optional>
#include <utility>
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

/// The sparse matrix M ⊗ I − h J ⊗ A of s stages for interleaved unknowns: an entry of J is a block of the size of A.
class StagePattern {
 public:
  /// `mass`: M; without it, I.
  explicit StagePattern(size_t stages, std::optional<SparseMatrix> mass = std::nullopt)
      : stages_(static_cast<int64_t>(stages)), mass_(std::move(mass)) {}

  /// The pattern of the matrix, kept until that of J changes.
  const SparsityPattern& of(const SparsityPattern& jacobian);
  SparseMatrix matrix(const SparseMatrix& jacobian, const Coupling& a, double h);

 private:
  // What an entry (p, q) of a block is made of: the entry of J, or −1, and that of M.
  struct Source {
    int64_t jacobian = -1;
    double mass = 0;
  };

  int64_t stages_;
  std::optional<SparseMatrix> mass_;
  std::optional<SparsityPattern> jacobian_, pattern_;
  std::vector<Source> sources_;
};

}  // namespace dimwise::ode
