#include "nn/data/standardizer.hpp"

#include <cmath>

#include "autodiff/base/rng.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::standardizer_tests {

TEST_CASE("Standardized columns have mean 0 and standard deviation 1, and the inverse restores them") {
  const Tensor x = tensor({1, 10, 2, 30, 3, 20, 6, 0}, {4, 2});
  const Standardizer s = fit_standardizer(x, {});
  const Tensor z = s.forward(x);
  CHECK(z.dtype() == DType::float32);
  for (const double m : mean(z, {0}).values()) CHECK(m == Approx(0).margin(1e-6));
  for (const double v : mean(z * z, {0}).values()) CHECK(v == Approx(1).epsilon(1e-6));
  const std::vector<double> again = s.inverse(z).values(), x_values = x.values();
  for (size_t i = 0; i < again.size(); ++i) CHECK(again[i] == Approx(x_values[i]).margin(1e-5));
  const std::vector<double> scale = s.scale.value.values();
  CHECK(scale[0] == Approx(std::sqrt(3.5)));
  CHECK(s.log_det().item() == Approx(-std::log(scale[0]) - std::log(scale[1])));
  CHECK(parameters(s).empty());
  CHECK(state_dict(s).size() == 2);
  CHECK(fit_standardizer(x, {}, DType::float64).scale.value.dtype() == DType::float64);
}

TEST_CASE("The standardizer of a given dimension is the identity") {
  const Standardizer s(2, DType::float32);
  const Tensor x = tensor({3, 4});
  CHECK(s.forward(x).values() == x.values());
  CHECK(s.inverse(x).values() == x.values());
  CHECK(s.log_det().item() == 0);
}

TEST_CASE("A constant column, or one that is not finite, is reported with its name") {
  const Tensor x = tensor({1, 0.1, 2, 0.1, 3, 0.1}, {3, 2}, DType::float64);
  CHECK_THROWS_AS(fit_standardizer(x, {}), DataError);
  CHECK_THROWS_WITH(fit_standardizer(x, {}), Catch::Contains("column 2 is constant (0.1)"));
  CHECK_THROWS_WITH(fit_standardizer(x, {"age", "height"}), Catch::Contains("column height is constant"));
  CHECK_THROWS_WITH(fit_standardizer(tensor({1, NAN, 2, 3}, {2, 2}), {}), Catch::Contains("column 2 has values"));
  CHECK_THROWS_AS(fit_standardizer(ones({3}), {}), DataError);
}

TEST_CASE("Whether a column is constant does not depend on its unit, its offset or rounding") {
  const auto filled = [](int64_t n, double v) { return full({n, 1}, v, DType::float64); };
  for (const double v : {14.62, -7.7, 33.3, 0.1, 1e300, 1e-300})
    CHECK_THROWS_WITH(fit_standardizer(filled(100000, v), {}), Catch::Contains("is constant"));
  const Tensor u = Rng(3).uniform({1000, 1}, DType::float64, -1, 1);
  const auto check = [&](const Tensor& x, DType dtype) {
    const Tensor z = fit_standardizer(x, {}, dtype).forward(astype(x, dtype));
    CHECK(std::abs(mean(z).item()) < 1e-3);
    CHECK(mean(square(z)).item() == Approx(1).epsilon(1e-3));
  };
  check(1e-13 * u, DType::float64);
  check(1.6e9 + 1e-3 * u, DType::float64);
  check(1e200 * u, DType::float64);
  check(1e-200 * u, DType::float64);
  check(1e6 + 1e3 * u, DType::float32);
  for (const Tensor& x : {1.6e9 + 10 * u, 1e39 * u, 1e-45 * u})
    CHECK_THROWS_WITH(fit_standardizer(x, {}, DType::float32), Catch::Contains("Use float64"));
}

}  // namespace dimwise::standardizer_tests
