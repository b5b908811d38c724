#pragma once

#include <array>
#include <string>
#include <vector>

#include "autodiff/base/rng.hpp"

namespace dimwise::app::cnf {

using Point = std::array<double, 2>;

/// The random numbers of one point.
struct Draw {
  const double* uniform;  ///< four, on [0, 1)
  const double* normal;   ///< two
};

/// A density on the plane that can be both sampled and evaluated: the built-in data of `dimwise-cnf`.
struct Density {
  std::string name;
  double entropy;        ///< differential entropy in nats: no model has a lower mean negative log-likelihood
  double entropy_error;  ///< bound of the error of the entropy: quadrature, for pinwheel four standard errors of 4
                         ///< million samples
  Point (*draw)(const Draw&);
  /// ln p(x, y) in nats, in the units of the samples; −∞ where p is zero or below the smallest double.
  double (*log_density)(double x, double y);
};

/// The eight densities of FFJORD (Grathwohl et al., 2019): 8gaussians, 2spirals, checkerboard, pinwheel, rings, moons,
/// swissroll, circles.
const std::vector<Density>& densities();

/// The density of a name. Throws ValueError with all names and the closest one.
const Density& density(const std::string& name);

/// n independent points of shape (n, 2). Each point draws its own class (arm, ring, moon …), so class counts vary.
///
/// Throws ValueError for a negative n. Example: `Tensor x = sample(density("moons"), rng.split(step), 128,
/// DType::float32);`
Tensor sample(const Density& density, const Rng& rng, int64_t n, DType dtype);

}  // namespace dimwise::app::cnf
