#pragma once

#include "autodiff/tensor.hpp"
#include "nn/io/bytes.hpp"

namespace dimwise {

/// Reads an array written by NumPy (.npy, format 1.0, 2.0 or 3.0; any byte order; C or Fortran order).
///
/// bool, 8- and 16-bit integers, float16 and float32 become float32; wider integers and float64 become float64 (64-bit
/// integers beyond 2⁵³ are rounded). Throws DataError for a malformed file, bytes after the array, more than
/// `Shape::max_rank` axes, and complex, structured, text, time and object arrays; pickles are never read.
///
/// Example: `Tensor x = load_npy("miniboone.npy");`
Tensor load_npy(const std::string& path);

/// The same from memory; `name` replaces the path in errors.
Tensor parse_npy(BytesView bytes, const std::string& name = "bytes");

/// The .npy file of a tensor, identical to that of numpy.save (format 1.0, little-endian, C order).
Bytes to_npy(const Tensor& x);

/// Writes `to_npy(x)` by `write_atomically`. Throws DataError if writing fails.
void save_npy(const std::string& path, const Tensor& x);

}  // namespace dimwise
