#pragma once

#include "autodiff/tensor.hpp"

namespace dimwise {

/// The values of a density p(t, x) at n points that the Fokker–Planck equation needs.
///
/// A time-dependent density is a module with `log_prob(t, x, context)` of shape (n,), `derivatives(t, x, context)`, and
/// `sample(rng, t, context)` of shape (n, d), for t of shape (n, 1), x of shape (n, d), and a context of shape (n, c)
/// that distinguishes initial laws; it is undefined if the density was constructed without one.
struct DensityDerivatives {
  Tensor log_prob;        ///< log p, (n,)
  Tensor time;            ///< ∂_t log p, (n,)
  Tensor score;           ///< s = ∇ log p, (n, d)
  Tensor score_diagonal;  ///< D s, (n, d): ∂²_i log p
};

}  // namespace dimwise
