#pragma once

#include <vector>

#include "nn/activation.hpp"
#include "nn/linear.hpp"

namespace dimwise {

/// Linear layers with an activation between them, none after the last.
///
/// Example: `Mlp net({2, 64, 64, 1}, Activation::tanh, Rng(0)); Tensor y = net(x);`
struct Mlp {
  std::vector<Linear> layers;
  Activation activation = Activation::tanh;

  Mlp() = default;
  /// `sizes` from input to output. Throws ValueError for fewer than two.
  Mlp(const std::vector<int64_t>& sizes, Activation activation, const Rng& rng, DType dtype = DType::float32);

  /// x of shape (…, sizes.front()) gives (…, sizes.back()). Throws ShapeError.
  Tensor operator()(const Tensor& x) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("layers", self.layers);
    v("activation", self.activation);
  }
};

}  // namespace dimwise
