#pragma once

#include <optional>

#include "autodiff/transforms.hpp"
#include "hollow/solve/linear/sparsity_pattern.hpp"

namespace dimwise {

/// The pattern of a matrix that is known by its `product` with vectors, the same for each row of `like`, (…, n): the
/// entries that differ from 0 in one of them. Nothing if `most` products at a time do not suffice.
///
/// Blocks of columns are halved until they are columns: a row of the matrix has entries in a block where its product
/// with random numbers there, and 0 elsewhere, is not 0. Blocks that no row may have both share a product, as colors
/// tell. An entry whose contribution is lost by rounding is missed. Cost: 16 products, and about twice the largest
/// number of entries in a row, log2(n / 16) times; Griewank & Mitev, Detecting Jacobian sparsity patterns by Bayesian
/// probing (2002).
std::optional<SparsityPattern> probe_pattern(const Function& product, const Tensor& like, int64_t most);

}  // namespace dimwise
