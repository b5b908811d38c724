#include "autodiff/base/rng.hpp"

#include <Random123/philox.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "autodiff/base/error.hpp"
#include "autodiff/node.hpp"

namespace dimwise {

namespace {
// Each kind of draw, splits by number and splits by name use different parts of the counter space, so that different
// draws from one stream are independent.
enum Domain : uint64_t {
  uniform_numbers,
  number_splits,
  name_splits,
  normal_numbers,
  signs,
  integer_numbers,
  permutations
};

double unit(uint64_t word) { return static_cast<double>(word >> 11) * 0x1p-53; }

int64_t below(uint64_t word, int64_t n) { return static_cast<int64_t>(unit(word) * static_cast<double>(n)); }

// Calls take(i, word) with word `first` + i of the domain for i = 0, …, count − 1.
template <class Take>
void words(const Rng& rng, Domain domain, int64_t count, Take&& take, int64_t first = 0) {
  for (int64_t i = 0; i < count;) {
    const auto block = rng.block(static_cast<uint64_t>((first + i) / 4), domain);
    for (int64_t j = (first + i) % 4; j < 4 && i < count; ++j, ++i) take(i, block[static_cast<size_t>(j)]);
  }
}

// `count` numbers to be drawn, and `more` that are not returned.
template <class T>
std::vector<T> undrawn(int64_t count, int64_t more = 0) {
  if (count < 0 || count > int64_t{1} << 59)
    fail<ValueError>("rng", count, " numbers requested. Use at least 0, and no more than memory can hold.");
  return std::vector<T>(static_cast<size_t>(count + more));
}

Tensor from(const Shape& shape, DType dtype, const std::vector<double>& values) { return tensor(values, shape, dtype); }
}  // namespace

std::array<uint64_t, 4> Rng::block(uint64_t counter, uint64_t domain) const {
  const r123::Philox4x64 philox;
  const auto out = philox({{counter, domain, 0, 0}}, {{key_[0], key_[1]}});
  return {out[0], out[1], out[2], out[3]};
}

Rng Rng::split(uint64_t number) const {
  const auto b = block(number, number_splits);
  return Rng({b[0], b[1]});
}

Rng Rng::split(std::string_view name) const {
  uint64_t hash = 0xcbf29ce484222325ull;  // FNV-1a; Philox does the mixing
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  const auto b = block(hash, name_splits);
  return Rng({b[0], b[1]});
}

std::vector<double> Rng::uniforms(int64_t count) const {
  auto out = undrawn<double>(count);
  words(*this, uniform_numbers, count, [&](int64_t i, uint64_t word) { out[static_cast<size_t>(i)] = unit(word); });
  return out;
}

std::vector<double> Rng::normals(int64_t count, int64_t first) const {
  if (first < 0) fail<ValueError>("normal", "first = ", first, ". Use 0 or more.");
  const int64_t before = first % 2;  // numbers are generated in pairs, from two words
  auto out = undrawn<double>(count, before + 1);
  double radius = 0;
  words(
      *this, normal_numbers, before + count + 1,
      [&](int64_t i, uint64_t word) {
        if (i % 2 == 0) {
          radius = std::sqrt(-2 * std::log1p(-unit(word)));
          return;
        }
        const double angle = 2 * std::numbers::pi * unit(word);
        out[static_cast<size_t>(i - 1)] = radius * std::cos(angle);
        out[static_cast<size_t>(i)] = radius * std::sin(angle);
      },
      first - before);
  out.erase(out.begin(), out.begin() + before);
  out.resize(static_cast<size_t>(count));
  return out;
}

Tensor Rng::uniform(const Shape& shape, DType dtype, double low, double high) const {
  std::vector<double> values = uniforms(shape.size());
  // Truncated to 24 bits, so that rounding to float32 does not reach `high`.
  for (double& v : values) v = low + (high - low) * (dtype == DType::float32 ? std::floor(v * 0x1p24) * 0x1p-24 : v);
  return from(shape, dtype, values);
}

Tensor Rng::normal(const Shape& shape, DType dtype, int64_t first) const {
  return from(shape, dtype, normals(shape.size(), first));
}

Tensor Rng::rademacher(const Shape& shape, DType dtype, int64_t first) const {
  if (first < 0) fail<ValueError>("rademacher", "first = ", first, ". Use 0 or more.");
  auto values = undrawn<double>(shape.size());
  words(
      *this, signs, shape.size(),
      [&](int64_t i, uint64_t word) { values[static_cast<size_t>(i)] = word >> 63 ? 1 : -1; }, first);
  return from(shape, dtype, values);
}

std::vector<int64_t> Rng::integers(int64_t count, int64_t n) const {
  if (n <= 0) fail<ValueError>("integers", "n = ", n, " is an empty range. Use n > 0.");
  auto out = undrawn<int64_t>(count);
  words(*this, integer_numbers, count, [&](int64_t i, uint64_t word) { out[static_cast<size_t>(i)] = below(word, n); });
  return out;
}

std::vector<int64_t> Rng::permutation(int64_t n) const {
  auto order = undrawn<int64_t>(n);
  std::iota(order.begin(), order.end(), 0);
  words(*this, permutations, n, [&](int64_t i, uint64_t word) {
    std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(i + below(word, n - i))]);
  });
  return order;
}

}  // namespace dimwise
