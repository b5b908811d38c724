#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace dimwise::bench {

/// Another implementation of the work of a group of rows, on the same data. If its library is missing, both maps are
/// empty.
struct Twin {
  std::map<std::string, std::function<void()>> cases;
  std::map<std::string, double> check;  ///< results that must agree with ours, by name

  explicit operator bool() const { return !cases.empty(); }
};

/// A model's tensors by name, for twins that do not use our tensor type.
struct Array {
  std::vector<int64_t> shape;
  std::vector<double> values;
};
using Arrays = std::map<std::string, Array>;

/// The n numbers scale·(2xₖ/2³² − 1), where x follows the linear congruence of Numerical Recipes from a hash of the
/// seed: the weights and data of all twins.
inline std::vector<float> numbers(size_t n, uint32_t seed, double scale) {
  std::vector<float> values(n);
  uint32_t x = seed * 2654435761U + 12345U;
  for (float& value : values) {
    x = 1664525U * x + 1013904223U;
    value = static_cast<float>(scale * (2.0 * static_cast<double>(x) / 4294967296.0 - 1.0));
  }
  return values;
}

/// Keeps the compiler from removing a computation whose result p points to.
inline void keep(const void* p) { asm volatile("" : : "g"(p) : "memory"); }

/// Σ x².
template <class Values>
double squares(const Values& values) {
  double total = 0;
  for (const auto v : values) total += static_cast<double>(v) * static_cast<double>(v);
  return total;
}

}  // namespace dimwise::bench
