#include "nn/data/standardizer.hpp"

#include <cmath>

#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

Standardizer::Standardizer(int64_t d, DType dtype) : mean{zeros({d}, dtype)}, scale{ones({d}, dtype)} {}

Tensor Standardizer::forward(const Tensor& x) const { return (x - mean.value) / scale.value; }
Tensor Standardizer::inverse(const Tensor& z) const { return z * scale.value + mean.value; }
Tensor Standardizer::log_det() const { return -sum(log(scale.value)); }

Standardizer fit_standardizer(const Tensor& x, const std::vector<std::string>& columns, DType dtype) {
  if (x.rank() != 2 || x.dim(0) < 2)
    fail<DataError>("standardizer", "shape ", x.shape(), " is not a matrix of at least two rows. Give (n, d).");
  const Tensor wide = astype(x, DType::float64), center = mean(wide, {0}),
               spread = sqrt(mean(square(wide - center), {0}));
  const std::vector<double> m = center.values(), s = spread.values();
  for (size_t i = 0; i < s.size(); ++i) {
    const std::string column = i < columns.size() ? columns[i] : std::to_string(i + 1);
    if (!std::isfinite(s[i]))
      fail<DataError>("standardizer", "column ", column, " has values that are not finite. Drop those rows.");
    if (s[i] <= 1e-12 * (1 + std::abs(m[i])))
      fail<DataError>("standardizer", "column ", column, " is constant (", m[i], "): it has no density. Drop it.");
  }
  Standardizer result;
  result.mean.value = astype(center, dtype);
  result.scale.value = astype(spread, dtype);
  return result;
}

}  // namespace dimwise
