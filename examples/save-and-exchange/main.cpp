// Saves a model and arrays where Python reads them, and reads them back.
#include <dimwise.hpp>
#include <iostream>

namespace dw = dimwise;

int main() {
  const dw::Rng rng(2);
  const dw::Mlp net({3, 16, 1}, dw::Activation::tanh, rng.split("net"));
  const dw::Tensor x = rng.split("x").normal({5, 3}), y = net(x);

  // Weights have PyTorch's names and shapes; texts go along.
  dw::save("net.safetensors", net, {{"task", "an example"}});
  dw::save_npy("x.npy", x);
  dw::save_npz("batch.npz", {{"x", x}, {"y", y}});
  dw::save_csv("y.csv", {"y"}, dw::astype(y, dw::DType::float64));

  std::cout << R"(In Python:
  import numpy as np
  from safetensors.numpy import load_file
  w, b = load_file("net.safetensors"), np.load("batch.npz")
  h = np.tanh(b["x"] @ w["layers.0.weight"].T + w["layers.0.bias"])
  print(abs(h @ w["layers.1.weight"].T + w["layers.1.bias"] - b["y"]).max())
)";

  dw::Mlp again({3, 16, 1}, dw::Activation::tanh, rng.split("another"));
  const auto texts = dw::load("net.safetensors", again);
  const double difference = dw::max(dw::abs(again(dw::load_npy("x.npy")) - dw::load_npz("batch.npz").at("y"))).item();
  std::cout << "read back (" << texts.at("task") << "): the outputs differ by " << difference << '\n';

  // The file has the net's sizes and activation, too.
  const auto rebuilt = dw::load_model<dw::Mlp>("net.safetensors");
  std::cout << "rebuilt with " << dw::num_parameters(rebuilt) << " parameters and " << dw::name(rebuilt.activation)
            << '\n';

  // A file of another model is refused, and changes nothing.
  dw::Mlp other({3, 8, 1}, dw::Activation::tanh, rng);
  try {
    dw::load("net.safetensors", other);
    return 1;
  } catch (const dw::CheckpointError& error) {
    std::cout << "refused: " << error.what() << '\n';
  }
  return difference == 0 ? 0 : 1;
}
