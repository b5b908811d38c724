#pragma once

#include <string>
#include <vector>

namespace dimwise::app::vae {

/// The architecture of a variational autoencoder.
struct ModelSettings {
  std::string dtype = "float32";
  int64_t height = 28, width = 28;  ///< of the images
  std::string arch = "mlp";
  int64_t hidden = 300;  ///< width of the two hidden layers of mlp
  int64_t latent = 64;   ///< dimension of z
  std::string flow = "none";
  int64_t num_flows = 0;                 ///< 0 for the default: 4, or 1 of a continuous flow
  int64_t columns = 8, reflections = 8;  ///< of Sylvester flows
  std::vector<int64_t> flow_hidden;      ///< empty for 320 (iaf), 128,128 (ffjord), 128 (hollow)
  std::string activation = "tanh";       ///< of continuous flows
  int64_t rank = 0;                      ///< of ffjord's amortized layers; 0 for biases alone
  std::string conditioner = "masked", transformer = "shared";
  std::vector<int64_t> transformer_hidden = {16};
  int64_t d_h = 4;
  double end_time = 1;
};

/// The names of `--flow` and of `--arch`.
const std::vector<std::string>& flow_names();
const std::vector<std::string>& arch_names();

/// Whether a flow is the solution of a differential equation.
bool continuous(const std::string& flow);

/// The same with defaults for num_flows and flow_hidden.
ModelSettings resolved(ModelSettings settings);

}  // namespace dimwise::app::vae
