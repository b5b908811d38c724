#pragma once

#include "nn/io/safetensors.hpp"
#include "nn/module.hpp"

namespace dimwise {

/// Writes a model's parameters and constants to a .safetensors file, atomically. Throws DataError if writing fails.
///
/// Example: `save("net.safetensors", net); … load("net.safetensors", net);`
template <Module M>
void save(const std::string& path, const M& m, const std::map<std::string, std::string>& metadata = {}) {
  save_safetensors(path, state_dict(m), metadata);
}

/// Replaces a model's tensors by those of a file and returns the file's metadata. Throws DataError for a file that
/// cannot be read, and as `load_state_dict` for a file of another model; the model is then unchanged.
template <Module M>
std::map<std::string, std::string> load(const std::string& path, M& m, bool strict = true) {
  SafeTensors file = load_safetensors(path);
  load_state_dict(m, file.tensors, "", strict);
  return std::move(file.metadata);
}

}  // namespace dimwise
