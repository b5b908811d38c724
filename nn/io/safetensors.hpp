#pragma once

#include <map>
#include <string>

#include "autodiff/tensor.hpp"
#include "nn/io/bytes.hpp"

namespace dimwise {

/// The contents of a .safetensors file.
struct SafeTensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Reads a .safetensors file. F32 and F64 are kept; BOOL, 8- and 16-bit integers, F16 and BF16 become float32, wider
/// integers float64 (64-bit ones beyond 2⁵³ are rounded).
///
/// Throws DataError for a malformed file: a header longer than the file, invalid JSON or UTF-8, a duplicate or unknown
/// key, another dtype, and tensors that overlap, leave gaps, or do not end at the end of the file.
SafeTensors load_safetensors(const std::string& path);

/// The same from memory; `name` replaces the path in errors.
SafeTensors parse_safetensors(BytesView bytes, const std::string& name = "bytes");

/// The .safetensors file of some tensors and texts. Tensors are ordered by dtype, float64 first, then by name, as in
/// the safetensors library, and metadata by key: equal contents give equal bytes.
///
/// Throws ValueError for an undefined tensor, a tensor named "__metadata__", and texts that are not UTF-8.
Bytes to_safetensors(const std::map<std::string, Tensor>& tensors,
                     const std::map<std::string, std::string>& metadata = {});

/// Writes `to_safetensors(…)` by `write_atomically`. Throws DataError if writing fails.
void save_safetensors(const std::string& path, const std::map<std::string, Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata = {});

}  // namespace dimwise
