#include "autodiff/base/rng.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <set>

#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::rng_tests {

using Block = std::array<uint64_t, 4>;

namespace {
double mean_of(const std::vector<double>& v) {
  double s = 0;
  for (const double x : v) s += x;
  return s / static_cast<double>(v.size());
}
double moment(const std::vector<double>& v, int power) {
  double s = 0;
  for (const double x : v) s += std::pow(x, power);
  return s / static_cast<double>(v.size());
}
double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  double s = 0;
  for (size_t i = 0; i < a.size(); ++i) s += a[i] * b[i];
  return s / static_cast<double>(a.size());
}
}  // namespace

TEST_CASE("a block equals the known answers of Philox4x64-10") {
  CHECK(Rng(0).block(0) == Block{0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b});
  CHECK(Rng({1, 2}).block(5, 1) ==
        Block{0xc3e58285f6409524, 0x67d27af7de349334, 0x7d455b1695e39391, 0x8da0c15e110c4f0c});
  CHECK(Rng({0x452821e638d01377, 0xbe5466cf34e90c6c}).block(~uint64_t{0}, 7) ==
        Block{0xa226dc5ea74ada33, 0xaad42bf7ac19434c, 0x60645df772d2fe04, 0x75da11650f58dda2});
}

TEST_CASE("the first draws of seed 42 are the same on every machine and in every release") {
  const Rng rng(42);
  CHECK(rng.uniforms(2) == std::vector<double>{0x1.4ed0fc5a69913p-1, 0x1.316062ae59274p-2});
  CHECK(rng.split("weights").uniforms(1) == std::vector<double>{0x1.2c73ff2adaaafp-1});
  CHECK(rng.split(3).uniforms(1) == std::vector<double>{0x1.74710526619c2p-2});
  CHECK(rng.permutation(5) == std::vector<int64_t>{4, 1, 2, 0, 3});
  CHECK(rng.integers(4, 100) == std::vector<int64_t>{79, 13, 88, 43});
  const auto z = rng.normals(2);  // by the C library's logarithm and cosine
  CHECK(z[0] == Approx(-0.51380624620513338).epsilon(1e-14));
  CHECK(z[1] == Approx(2.0906771959208834).epsilon(1e-14));
}

TEST_CASE(
    "drawing does not change the stream: a repeated draw is equal, and a longer one starts with the shorter one") {
  const Rng rng(7);
  CHECK(distance(rng.normal({5}), rng.normal({5})) == 0);
  for (const int64_t n : {1, 2, 5, 8}) {
    const auto few = rng.normals(n), many = rng.normals(9), flat = rng.uniforms(n), more = rng.uniforms(9);
    CHECK(std::equal(few.begin(), few.end(), many.begin()));
    CHECK(std::equal(flat.begin(), flat.end(), more.begin()));
  }
  CHECK(rng.normals(0).empty());
  CHECK(Rng(rng.key()).uniforms(3) == rng.uniforms(3));
}

TEST_CASE("draws of different kinds from one stream, and from its splits, are independent") {
  const int64_t n = 10000;
  using Draw = std::function<std::vector<double>(const Rng&)>;
  const auto reals = [](const std::vector<int64_t>& v) { return std::vector<double>(v.begin(), v.end()); };
  const std::pair<const char*, Draw> kinds[] = {
      {"uniform", [&](const Rng& rng) { return rng.uniforms(n); }},
      {"normal", [&](const Rng& rng) { return rng.normals(n); }},
      {"rademacher", [&](const Rng& rng) { return rng.rademacher({n}, DType::float64).values(); }},
      {"integers", [&](const Rng& rng) { return reals(rng.integers(n, 1000)); }},
      {"permutation", [&](const Rng& rng) { return reals(rng.permutation(n)); }},
  };
  // The numbers, or the squares of their deviations.
  const auto standardized = [&](std::vector<double> v, int power) {
    const double center = mean_of(v);
    for (double& x : v) x = std::pow(x - center, power);
    const double m = mean_of(v);
    for (double& x : v) x -= m;
    const double s = std::sqrt(moment(v, 2));
    for (double& x : v) x = s > 1e-9 ? x / s : 0;
    return v;
  };
  const Rng root(11);
  const std::pair<const char*, Rng> streams[] = {
      {"itself", root}, {"0", root.split(0)}, {"1", root.split(1)}, {"name", root.split("name")}};
  for (size_t a = 0; a < std::size(kinds); ++a)
    for (size_t b = 0; b < std::size(kinds); ++b)
      for (const auto& [name, stream] : streams) {
        if (a == b && stream.key() == root.key()) continue;
        INFO(kinds[a].first << ", " << kinds[b].first << " of " << name);
        const std::vector<double> x = kinds[a].second(root), y = kinds[b].second(stream);
        for (const int power : {1, 2})
          for (const int other : {1, 2})
            for (const size_t shift : {0, 1, 3}) {
              const std::vector<double> u = standardized(x, power);
              std::vector<double> v = standardized(y, other);
              std::rotate(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(shift), v.end());
              CHECK(std::abs(correlation(u, v)) < 6 / std::sqrt(static_cast<double>(n)));
            }
      }
}

TEST_CASE("a draw can start anywhere in the stream, so that parts of a batch draw the same numbers as the whole") {
  const Rng rng(7);
  const auto signs = [&](const Shape& shape, int64_t first) { return rng.rademacher(shape, DType::float64, first); };
  const auto normals = [&](const Shape& shape, int64_t first) { return rng.normal(shape, DType::float64, first); };
  const auto check = [](const auto& draw) {
    const std::vector<double> whole = draw({7, 3}, 0).values();
    for (const int64_t row : {0, 1, 2, 3, 4, 6})
      for (int64_t rows = 1; rows <= 7 - row; ++rows) {
        const std::vector<double> part = draw({rows, 3}, 3 * row).values();
        CHECK(std::equal(part.begin(), part.end(), whole.begin() + 3 * row));
      }
  };
  check(signs);
  check(normals);
  CHECK(rng.normals(0, 5).empty());
  CHECK_THROWS_WITH(signs({2}, -1), Catch::Contains("[rademacher]"));
  CHECK_THROWS_WITH(normals({2}, -1), Catch::Contains("[normal]"));
  for (const int64_t count : {int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
    CHECK_THROWS_AS(rng.normals(count), ValueError);
    CHECK_THROWS_AS(rng.normals(count, 1), ValueError);
    CHECK_THROWS_AS(rng.uniforms(count), ValueError);
    CHECK_THROWS_AS(rng.permutation(count), ValueError);
  }
}

TEST_CASE("seeds, names and numbers give different streams, uncorrelated with each other and their parent") {
  const Rng rng(7);
  const int64_t n = 20000;
  const std::vector<Rng> streams{rng,
                                 Rng(8),
                                 rng.split("a"),
                                 rng.split("b"),
                                 rng.split(0),
                                 rng.split(1),
                                 rng.split("a").split("a"),
                                 rng.split(0).split(0)};
  std::set<std::array<uint64_t, 2>> keys;
  for (const Rng& s : streams) keys.insert(s.key());
  CHECK(keys.size() == streams.size());
  for (size_t i = 0; i < streams.size(); ++i)
    for (size_t j = 0; j < i; ++j) {
      INFO(i << " and " << j);
      CHECK(std::abs(correlation(streams[i].normals(n), streams[j].normals(n))) <
            4.5 / std::sqrt(static_cast<double>(n)));
    }
  CHECK(rng.split("a").key() == rng.split("a").key());
}

TEST_CASE("draws have the moments of their distributions, within five standard errors") {
  const int64_t n = 200000;
  const double root = std::sqrt(static_cast<double>(n));
  const auto u = Rng(1).uniforms(n), z = Rng(2).normals(n);
  CHECK(std::abs(mean_of(u) - 0.5) < 5 * std::sqrt(1.0 / 12) / root);
  CHECK(std::abs(moment(u, 2) - 1.0 / 3) < 5 * std::sqrt(4.0 / 45) / root);
  CHECK(*std::min_element(u.begin(), u.end()) >= 0);
  CHECK(*std::max_element(u.begin(), u.end()) < 1);
  CHECK(std::abs(mean_of(z)) < 5 / root);
  CHECK(std::abs(moment(z, 2) - 1) < 5 * std::sqrt(2.0) / root);
  CHECK(std::abs(moment(z, 3)) < 5 * std::sqrt(15.0) / root);
  CHECK(std::abs(moment(z, 4) - 3) < 5 * std::sqrt(96.0) / root);
  const auto signs = Rng(3).rademacher({n}).values();
  CHECK(std::abs(mean_of(signs)) < 5 / root);
  CHECK(moment(signs, 2) == 1);
}

TEST_CASE("uniform draws are in [low, high), even when rounded to float32") {
  const Tensor x = Rng(1).uniform({100000}, DType::float32, 2, 3);
  const auto v = x.values();
  CHECK(*std::min_element(v.begin(), v.end()) >= 2);
  CHECK(*std::max_element(v.begin(), v.end()) < 3);
  CHECK(x.dtype() == DType::float32);
}

TEST_CASE("a permutation contains every number once, and integers cover 0 to n − 1") {
  auto p = Rng(5).permutation(1000);
  CHECK_FALSE(std::is_sorted(p.begin(), p.end()));
  std::sort(p.begin(), p.end());
  for (int64_t i = 0; i < 1000; ++i) CHECK(p[static_cast<size_t>(i)] == i);
  const auto v = Rng(5).integers(1000, 7);
  CHECK(std::set<int64_t>(v.begin(), v.end()) == std::set<int64_t>{0, 1, 2, 3, 4, 5, 6});
  CHECK(error_of([] { Rng(0).integers(1, 0); }) == "[integers] n = 0 is an empty range. Use n > 0.");
}

}  // namespace dimwise::rng_tests
