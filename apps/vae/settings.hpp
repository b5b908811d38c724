#pragma once

#include <string>
#include <vector>

#include "hollow/flow/amortized.hpp"

namespace dimwise::app::vae {

/// The architecture of a variational autoencoder.
struct ModelSettings {
  DType dtype = DType::float32;
  int64_t height = 28, width = 28;  ///< of the images
  std::string arch = "mlp";
  int64_t hidden = 300;  ///< width of the two hidden layers of mlp
  int64_t latent = 64;   ///< dimension of z
  std::string flow = "none";
  /// Of the flow, without d, context and dtype. flows = 0 is 4, or 1 of a continuous flow; hidden is empty for 320
  /// (iaf), 128,128 (ffjord), 128 (hollow); the activation is of continuous flows, that of iaf is elu.
  AmortizedConfig sizes{
      .flows = 0, .hidden = {}, .transformer_hidden = {16}, .activation = Activation::tanh, .d_h = 4, .end_time = 1};
};

/// The names of `--flow` and of `--arch`.
const std::vector<std::string>& flow_names();
const std::vector<std::string>& arch_names();

/// Whether a flow is the solution of a differential equation.
bool continuous(const std::string& flow);

/// The same with defaults for sizes.flows and sizes.hidden.
ModelSettings resolved(ModelSettings settings);

}  // namespace dimwise::app::vae
