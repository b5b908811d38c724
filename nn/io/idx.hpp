#pragma once

#include "autodiff/tensor.hpp"
#include "nn/io/bytes.hpp"

namespace dimwise {

/// An array in the IDX format of MNIST, plain or gzipped, of any of its types: float32 for 8- and 16-bit integers and
/// float32, float64 for 32-bit integers and float64. Pixel values are not scaled.
///
/// Throws DataError for a malformed file, bytes after the array, and more than `Shape::max_rank` axes.
///
/// Example: `Tensor images = load_idx("train-images-idx3-ubyte.gz");` has shape (60000, 28, 28), values 0 … 255.
Tensor load_idx(const std::string& path);

/// The same from memory; `name` replaces the path in errors.
Tensor parse_idx(BytesView bytes, const std::string& name = "bytes");

}  // namespace dimwise
