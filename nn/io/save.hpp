#pragma once

#include "nn/io/safetensors.hpp"
#include "nn/module.hpp"

namespace dimwise {

/// Writes a model to a .safetensors file, atomically: parameters and constants as tensors, `settings(m)` as metadata
/// under `setting.NAME`, beside the metadata given. Throws DataError if writing fails, ValueError for metadata with the
/// key of a setting.
///
/// Example: `save("net.safetensors", net); … load("net.safetensors", net);`
template <Module M>
void save(const std::string& path, const M& m, std::map<std::string, std::string> metadata = {}) {
  detail::add_settings(metadata, settings(m));
  save_safetensors(path, state_dict(m), metadata);
}

/// Replaces a model's tensors by those of a file and returns the file's metadata.
///
/// Throws DataError for a file that cannot be read, as `load_state_dict` for tensors of another model, and
/// CheckpointError if a setting differs; the model is then unchanged. A file without settings, as of another program,
/// is accepted with a line on stderr. strict = false ignores what only the file has, and settings that only one of them
/// has.
template <Module M>
std::map<std::string, std::string> load(const std::string& path, M& m, bool strict = true) {
  SafeTensors file = load_safetensors(path);
  detail::compare_settings(path, detail::take_settings(file.metadata), settings(m), strict);
  load_state_dict(m, file.tensors, "", strict);
  return std::move(file.metadata);
}

/// The model that `save` wrote, of any size and with its settings.
///
/// Throws DataError for a file that cannot be read, and CheckpointError if a setting is missing or the file has tensors
/// or settings that a model of type M does not have.
///
/// Example: `auto net = load_model<Mlp>("net.safetensors");`
template <Module M>
M load_model(const std::string& path) {
  SafeTensors file = load_safetensors(path);
  const detail::Settings saved = detail::take_settings(file.metadata);
  M m;
  detail::Rebuild rebuild{saved, file.tensors};
  detail::walk("", m, rebuild);
  detail::compare_settings(path, saved, settings(m), true);
  if (!file.tensors.empty()) load_state_dict(m, file.tensors);
  return m;
}

}  // namespace dimwise
