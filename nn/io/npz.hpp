#pragma once

#include <map>
#include <string>

#include "autodiff/tensor.hpp"
#include "nn/io/bytes.hpp"

namespace dimwise {

/// The arrays of an archive written by numpy.savez or numpy.savez_compressed, by name without ".npy".
///
/// Names are keys only: nothing is ever written under them. Members are converted as by `load_npy`. Throws DataError
/// for a damaged archive, a member that is no array, stands twice, or claims more than its compressed bytes can hold.
std::map<std::string, Tensor> load_npz(const std::string& path);

/// The same from memory; `name` stands for the path in errors.
std::map<std::string, Tensor> parse_npz(BytesView bytes, const std::string& name = "bytes");

/// Writes an uncompressed archive that numpy.load reads, in one step as `write_atomically` does; equal tensors give
/// equal files. Throws DataError when it cannot, ValueError for a name that is not UTF-8 or contains a zero byte.
void save_npz(const std::string& path, const std::map<std::string, Tensor>& arrays);

}  // namespace dimwise
