#pragma once

#include <string>
#include <vector>

#include "hollow/flow/result.hpp"
#include "nn/activation.hpp"
#include "nn/linear.hpp"

namespace dimwise {

/// Sizes of a flow whose parameters are computed from a context, such as an encoder's output.
struct AmortizedConfig {
  int64_t d = 64;           ///< dimension of z
  int64_t context = 256;    ///< size of the context
  int64_t flows = 4;        ///< number of steps, or of the blocks of a continuous flow
  int64_t columns = 8;      ///< of the Q of an orthogonal Sylvester flow, at most d
  int64_t reflections = 8;  ///< number of factors of the Q of a Householder Sylvester flow
  /// Widths of the hidden layers of an inverse autoregressive flow, of FFJORD's dynamics, of the hollow conditioner.
  std::vector<int64_t> hidden = {320, 320};
  std::vector<int64_t> transformer_hidden = {32};  ///< of the hollow transformer
  Activation activation = Activation::elu;         ///< of all these layers; smooth for a continuous flow
  int64_t d_h = 8;                                 ///< size of the hollow conditioner's output for each dimension
  std::string conditioner = "masked", transformer = "shared";  ///< the hollow net's parts, by name
  int64_t rank = 0;       ///< of the context's term in FFJORD's weights; 0: only the biases depend on it
  double end_time = 0.5;  ///< of a continuous flow's blocks
  DType dtype = DType::float32;
};

namespace detail {
// Throws ValueError for sizes below 1.
void check_amortized(const char* flow, const AmortizedConfig& config);
// Throws ShapeError unless z ends in d and the context in c numbers, and ValueError without a context.
void check_point(const char* flow, const Tensor& z, int64_t d, const Tensor& context, int64_t c);
// The parameters of all steps from a context of shape (…, c): (…, shape…), whose first axis counts the steps.
Tensor each_step(const Linear& layer, const Tensor& context, const Shape& shape);
}  // namespace detail

}  // namespace dimwise
