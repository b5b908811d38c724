#pragma once

#include <map>
#include <string>

#include "autodiff/tensor.hpp"
#include "nn/io/bytes.hpp"

namespace dimwise {

/// What a .safetensors file holds.
struct SafeTensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Reads a .safetensors file. F32 and F64 stay what they are; BOOL, 8- and 16-bit integers, F16 and BF16 become
/// float32, wider integers float64 (64-bit ones beyond 2⁵³ are rounded).
///
/// Throws DataError for anything malformed: a header longer than the file, invalid JSON or UTF-8, a key that stands
/// twice or is unknown, another dtype, tensors that overlap, leave holes, or do not end where the file does.
SafeTensors load_safetensors(const std::string& path);

/// The same from memory; `name` stands for the path in errors.
SafeTensors parse_safetensors(BytesView bytes, const std::string& name = "bytes");

/// The .safetensors file of some tensors and texts. Tensors are ordered by dtype, float64 first, then by name, as the
/// safetensors library does, and metadata by key: equal contents give equal bytes.
///
/// Throws ValueError for an undefined tensor, a tensor named "__metadata__", and texts that are not UTF-8.
Bytes to_safetensors(const std::map<std::string, Tensor>& tensors,
                     const std::map<std::string, std::string>& metadata = {});

/// Writes `to_safetensors(…)` as `write_atomically` does. Throws DataError when it cannot.
void save_safetensors(const std::string& path, const std::map<std::string, Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata = {});

}  // namespace dimwise
