#include "nn/data/standardizer.hpp"

#include <cmath>
#include <limits>

#include "nn/detail/axis.hpp"
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
  const auto [center, moved] = detail::moments(astype(x, DType::float64), 0);
  // Scaled, so that squares do not overflow or underflow.
  const Tensor spread = norm(moved, {0}) / std::sqrt(static_cast<double>(x.dim(0)));
  const bool narrow = dtype == DType::float32;
  const double eps = narrow ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
  const double least = narrow ? std::numeric_limits<float>::min() : std::numeric_limits<double>::min();
  const double most = narrow ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
  const std::vector<double> m = center.values(), s = spread.values(), largest = max(abs(x), {0}).values();
  for (size_t i = 0; i < s.size(); ++i) {
    const std::string column = i < columns.size() ? columns[i] : std::to_string(i + 1);
    if (!std::isfinite(s[i]))
      fail<DataError>("standardizer", "column ", column, " has values that are not finite. Drop those rows.");
    if (s[i] == 0)
      fail<DataError>("standardizer", "column ", column, " is constant (", m[i], "): it has no density. Drop it.");
    if (s[i] < 16 * eps * std::abs(m[i]) || s[i] < least || largest[i] > most)
      fail<DataError>("standardizer", "column ", column, " has mean ", m[i], ", standard deviation ", s[i],
                      " and values up to ", largest[i], " in size, whose differences ", dtype,
                      " cannot represent. Use float64, or subtract an offset and scale the column.");
  }
  Standardizer result;
  result.mean.value = astype(squeeze(center, 0), dtype);
  result.scale.value = astype(spread, dtype);
  return result;
}

}  // namespace dimwise
