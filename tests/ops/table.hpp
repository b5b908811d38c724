#pragma once
// The op table: every exported function with inputs on which its derivatives are tested.

#include <complex>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "autodiff/base/rng.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise::table {

using Inputs = std::vector<Tensor>;
using Complex = std::complex<double>;
using Wide = long double;

/// An elementwise function of one operand in long double, which values in the tails and at special points are held to.
struct Exact {
  Wide (*value)(Wide), (*slope)(Wide);  ///< f, f'
  Wide (*bend)(Wide) = nullptr;         ///< f'', if it is tested
  Wide low = -std::numeric_limits<Wide>::infinity(), high = std::numeric_limits<Wide>::infinity();
  /// Roots ± of f' and f'', near which they have no relative accuracy.
  double slope_root = std::numeric_limits<double>::infinity(), bend_root = slope_root;
};

struct Entry {
  std::string function;              ///< its name in the header
  std::vector<std::string> records;  ///< of all_ops(), that it uses
  std::function<Tensor(const Inputs&)> f;
  std::vector<Inputs> samples;  ///< float64, inside the domain and off the kinks; the first is small
  std::function<Complex(const std::vector<Complex>&)> formula = nullptr;   ///< for analytic elementwise functions
  std::vector<std::pair<std::function<void()>, std::string>> errors = {};  ///< calls that throw, and a part of the text
  bool smooth = true;  ///< false if rounding to float32 makes finite differences useless
  int jets = 4;        ///< highest order of Taylor series tested; below 4, the highest that exists
  std::optional<Exact> exact = std::nullopt;  ///< for elementwise functions of one operand
};

/// All entries, family by family.
const std::vector<Entry>& entries();
/// For each op, its recorded calls over all entries.
std::vector<std::vector<Tensor>> calls_of_each_op();

/// Samplers, all float64.
inline Tensor normal(const Shape& shape, uint64_t seed = 1) { return Rng(seed).normal(shape, DType::float64); }
inline Tensor between(double low, double high, const Shape& shape, uint64_t seed = 1) {
  return Rng(seed).uniform(shape, DType::float64, low, high);
}
inline Tensor positive(const Shape& shape, uint64_t seed = 1) { return between(0.4, 2, shape, seed); }
/// Of both signs, with 0.3 ≤ |x| < 1.5.
inline Tensor off_zero(const Shape& shape, uint64_t seed = 1) {
  return between(0.3, 1.5, shape, seed) * Rng(seed).split("sign").rademacher(shape, DType::float64);
}
/// Multiples of ½ shifted by `offset`: lattices whose offsets differ by a quarter never intersect.
inline Tensor lattice(const Shape& shape, uint64_t seed, double offset) {
  std::vector<double> values;
  for (const int64_t i : Rng(seed).integers(shape.size(), 7))
    values.push_back(0.5 * static_cast<double>(i) - 1.5 + offset);
  return tensor(values, shape, DType::float64);
}
/// All elements at least 0.2 apart.
inline Tensor distinct(const Shape& shape, uint64_t seed = 1) {
  std::vector<double> values;
  for (const int64_t i : Rng(seed).permutation(shape.size())) values.push_back(0.2 * static_cast<double>(i) - 0.7);
  return tensor(values, shape, DType::float64);
}

/// Shapes of one operand, and pairs that broadcast: rank 0 to 4, with lengths 1 and 0.
inline const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all{{3}, {}, {1}, {0}, {2, 3}, {19}, {2, 0, 2}, {2, 1, 3}, {2, 1, 2, 2}};
  return all;
}
inline const std::vector<std::pair<Shape, Shape>>& broadcast_pairs() {
  static const std::vector<std::pair<Shape, Shape>> all{{{2, 1}, {3}},
                                                        {{}, {}},
                                                        {{3}, {}},
                                                        {{}, {2, 2}},
                                                        {{1}, {3}},
                                                        {{2, 3}, {2, 3}},
                                                        {{3, 1}, {1, 2}},
                                                        {{0}, {1}},
                                                        {{2, 0}, {1, 1}},
                                                        {{2, 1, 3}, {2, 1}},
                                                        {{1, 0, 2}, {3, 1, 1}},
                                                        {{2, 1, 2, 1}, {1, 2, 1, 3}},
                                                        {{1, 1, 1, 1}, {2}},
                                                        {{18}, {1}},
                                                        {{2, 2, 1, 2}, {}}};
  return all;
}
template <class Make>
std::vector<Inputs> each_shape(Make&& make) {
  std::vector<Inputs> samples;
  for (const Shape& s : shapes()) samples.push_back({make(s)});
  return samples;
}
template <class Make>
std::vector<Inputs> each_pair(Make&& make) {
  std::vector<Inputs> samples;
  for (const auto& [a, b] : broadcast_pairs()) samples.push_back(make(a, b));
  return samples;
}
inline std::vector<Inputs> normals() {
  return each_shape([](const Shape& s) { return normal(s); });
}
inline std::vector<Inputs> normals(const std::vector<std::vector<Shape>>& lists) {
  std::vector<Inputs> samples;
  for (const auto& list : lists) {
    samples.emplace_back();
    for (size_t i = 0; i < list.size(); ++i) samples.back().push_back(normal(list[i], i + 1));
  }
  return samples;
}

}  // namespace dimwise::table

// The entries of each family, defined in its test file.
namespace dimwise {
namespace arithmetic_tests {
std::vector<table::Entry> entries();
}
namespace elementwise_tests {
std::vector<table::Entry> entries();
}
namespace reduce_tests {
std::vector<table::Entry> entries();
}
namespace layout_tests {
std::vector<table::Entry> entries();
}
namespace index_tests {
std::vector<table::Entry> entries();
}
namespace matmul_tests {
std::vector<table::Entry> entries();
}
namespace blocks_tests {
std::vector<table::Entry> entries();
}
namespace linalg_tests {
std::vector<table::Entry> entries();
}
namespace conv_tests {
std::vector<table::Entry> entries();
}
}  // namespace dimwise
