#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// A stream of random numbers as a value: counter-based (Philox4x64-10), splittable, without hidden state.
///
/// Drawing does not change it: calling `rng.normal(shape)` twice gives the same numbers. Use `split` for a new stream.
/// Draws of different kinds from one stream are independent of each other.
/// Equal keys give equal numbers on every machine. Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1,
/// 2, 3 (2011).
///
/// Example: `Rng rng(42); auto w = rng.split("weights").normal({3, 2}); auto noise = rng.split(step).normal({8});`
class Rng {
 public:
  explicit Rng(uint64_t seed = 0) : key_{seed, 0} {}
  explicit Rng(std::array<uint64_t, 2> key) : key_(key) {}

  /// An independent stream for a name, or for a number.
  Rng split(std::string_view name) const;
  Rng split(uint64_t number) const;

  /// Uniform on [low, high).
  Tensor uniform(const Shape& shape, DType dtype = DType::float32, double low = 0, double high = 1) const;
  /// Standard normal, by Box–Muller: numbers first, first + 1, … of the stream. Rows r, r + 1, … of a draw of shape (n,
  /// d) equal a draw with first = r·d, so that a part of a batch draws the same numbers as the whole.
  Tensor normal(const Shape& shape, DType dtype = DType::float32, int64_t first = 0) const;
  /// −1 or 1, each with probability ½: numbers first, first + 1, … of the stream, as for `normal`.
  Tensor rademacher(const Shape& shape, DType dtype = DType::float32, int64_t first = 0) const;
  /// 0, …, n − 1 in random order (Fisher–Yates).
  std::vector<int64_t> permutation(int64_t n) const;
  /// `count` integers in 0, …, n − 1, with repetition.
  std::vector<int64_t> integers(int64_t count, int64_t n) const;
  /// `count` doubles: uniform on [0, 1), and standard normal (numbers first, first + 1, … of the stream).
  std::vector<double> uniforms(int64_t count) const;
  std::vector<double> normals(int64_t count, int64_t first = 0) const;

  /// The state to save in order to continue the same stream.
  std::array<uint64_t, 2> key() const { return key_; }
  /// Block `counter` of the stream: four 64-bit words.
  std::array<uint64_t, 4> block(uint64_t counter, uint64_t domain = 0) const;

 private:
  std::array<uint64_t, 2> key_;
};

}  // namespace dimwise
