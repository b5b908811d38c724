#pragma once

#include <map>
#include <string>
#include <vector>

#include "autodiff/tensor.hpp"
#include "nn/io/bytes.hpp"

namespace dimwise {

/// Reads the arrays of an archive written by numpy.savez or numpy.savez_compressed, by name without ".npy".
///
/// With `names`, only those that the archive has are read, so that the others may be of any kind. Names are only keys:
/// no file is written under them. Members are converted as by `load_npy`. Throws DataError for a
/// damaged archive, and for a member that is not an array, is duplicated, or declares more bytes than its compressed
/// data can contain.
std::map<std::string, Tensor> load_npz(const std::string& path, const std::vector<std::string>& names = {});

/// The same from memory; `name` replaces the path in errors.
std::map<std::string, Tensor> parse_npz(BytesView bytes, const std::string& name = "bytes",
                                        const std::vector<std::string>& names = {});

/// Writes an uncompressed archive that numpy.load reads, by `write_atomically`; equal tensors give equal files. Throws
/// DataError if writing fails, ValueError for a name that is not UTF-8 or contains a zero byte.
void save_npz(const std::string& path, const std::map<std::string, Tensor>& arrays);

}  // namespace dimwise
