#pragma once

#include "nn/io/save.hpp"
#include "tests/nn/io/files.hpp"

namespace dimwise {

/// The model as `load_model` reads it from the file that `save` writes.
template <Module M>
M rebuilt(const M& m) {
  const TemporaryFolder folder;
  save(folder / "model.safetensors", m);
  return load_model<M>(folder / "model.safetensors");
}

}  // namespace dimwise
