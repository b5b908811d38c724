// Elementwise ops at special points, and of two operands at all pairs of them, against JAX and PyTorch.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "autodiff/context.hpp"
#include "autodiff/transforms.hpp"
#include "tests/catch.hpp"
#include "tests/ops/differential/vocabulary.hpp"

namespace dimwise::special_points_tests {

using differential::Numbers;
using differential::Operands;
using differential::vocabulary;
using nlohmann::json;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

double number(const json& value) { return value.is_string() ? std::stod(value.get<std::string>()) : value.get<double>(); }
Numbers numbers(const json& values) {
  Numbers list;
  for (const json& value : values) list.push_back(number(value));
  return list;
}

// Subnormal results have a few digits.
bool same(double found, double exact) {
  if (std::isnan(exact)) return std::isnan(found);
  return found == exact || std::abs(found - exact) <= 1e-10 * std::abs(exact) + 1e-322;
}

}  // namespace

TEST_CASE("explore") {
  const json file = differential::recorded("special_points.json.gz");
  for (const char* part : {"one", "two"}) {
    std::vector<Numbers> at;
    for (const json& x : file.at(part).at("x")) at.push_back(numbers(x));
    for (const json& entry : file.at(part).at("ops")) {
      Operands x;
      for (const Numbers& a : at) x.push_back(track(tensor(a, DType::float64)));
      const Tensor y = vocabulary().at(entry.at("op")).f(x, entry.at("numbers").get<Numbers>());
      const Operands g = y.tracked() ? Tape({y}, x).pull({ones_like(y)}) : Operands(x.size(), zeros_like(x[0]));
      std::vector<Numbers> jax, torch;
      for (const json& list : entry.at("jax")) jax.push_back(numbers(list));
      torch = jax;
      for (const json& d : entry.at("torch")) torch[d[0].get<size_t>()][d[1].get<size_t>()] = number(d[2]);
      for (size_t k = 0; k <= x.size(); ++k) {
        const Numbers found = k == 0 ? y.values() : g[k - 1].defined() ? g[k - 1].values() : Numbers(at[0].size());
        for (size_t i = 0; i < found.size(); ++i) {
          const bool j = same(found[i], jax[k][i]), t = same(found[i], torch[k][i]);
          if (j && t) continue;
          std::printf("%s %s %s%s k=%zu (", !j && !t ? "NEITHER" : j ? "JAX" : "TORCH", part,
                      entry.at("op").get<std::string>().c_str(), entry.at("numbers").dump().c_str(), k);
          for (const Numbers& a : at) std::printf("%.4g ", a[i]);
          std::printf(") found %.15g jax %.15g torch %.15g\n", found[i], jax[k][i], torch[k][i]);
        }
      }
    }
  }
}

}  // namespace dimwise::special_points_tests
