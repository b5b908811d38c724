#pragma once

#include "autodiff/base/rng.hpp"

namespace dimwise {

// Initial values of weights of shape (out, in, …): fan-in is in·…, fan-out is out·…. All throw ShapeError below rank 2.
// Example: `layer.weight = orthogonal({64, 64}, rng.split("weight"));`

/// Uniform within ±gain·√(6/(fan-in + fan-out)). Glorot & Bengio (2010).
Tensor xavier_uniform(const Shape& shape, const Rng& rng, DType dtype = DType::float32, double gain = 1);
/// Normal with standard deviation gain·√(2/(fan-in + fan-out)).
Tensor xavier_normal(const Shape& shape, const Rng& rng, DType dtype = DType::float32, double gain = 1);
/// Uniform within ±gain·√(3/fan-in); the gain √2 is for relu. He et al. (2015).
Tensor kaiming_uniform(const Shape& shape, const Rng& rng, DType dtype = DType::float32,
                       double gain = 1.4142135623730951);
/// Normal with standard deviation gain/√fan-in.
Tensor kaiming_normal(const Shape& shape, const Rng& rng, DType dtype = DType::float32,
                      double gain = 1.4142135623730951);
/// gain times a matrix (out, in·…) with orthonormal rows or columns, whichever are fewer, uniformly distributed. Saxe
/// et al. (2014).
Tensor orthogonal(const Shape& shape, const Rng& rng, DType dtype = DType::float32, double gain = 1);

}  // namespace dimwise
