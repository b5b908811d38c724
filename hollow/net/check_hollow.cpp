#include "hollow/net/check_hollow.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/transforms.hpp"

namespace dimwise::detail {

namespace {
constexpr double rounding = 1e-14;

double largest(const std::vector<double>& values) {
  double size = 0;
  for (const double v : values) size = std::max(size, std::abs(v));
  return size;
}
}  // namespace

void check_hollow(int64_t d, const std::function<std::vector<Tensor>(const Tensor&)>& conditioner,
                  const std::function<Tensor(const Tensor&)>& transformer, const CheckHollowOptions& options) {
  if (d < 1 || options.points < 1)
    fail<ValueError>("check_hollow", "d = ", d, " and ", options.points, " points. Both must be at least 1.");
  const Rng rng = Rng(options.seed).split("check_hollow points");
  for (int p = 0; p < options.points; ++p) {
    // Two rows, so that what couples rows is found too.
    const Tensor x = rng.split(static_cast<uint64_t>(p)).normal({2, d}, DType::float64);
    const size_t parts = conditioner(x).size();
    for (size_t k = 0; k < parts; ++k) {
      const Tensor jacobian_h = jacobian([&](const Tensor& in) { return conditioner(in)[k]; }, x);  // (2, d, d_h, 2, d)
      const std::vector<double> j = jacobian_h.values();
      // A Jacobian that is only a rounding error is treated as 0, as that of pooling without its only input.
      const double bound = std::max(options.threshold * largest(j), rounding);
      const int64_t width = jacobian_h.size() / (4 * d * d);
      for (int64_t e = 0; e < jacobian_h.size(); ++e) {
        const int64_t column = e % d, source = e / d % 2, component = e / (2 * d) % width, i = e / (2 * d * width) % d,
                      row = e / (2 * d * width * d);
        const double leak = std::abs(j[static_cast<size_t>(e)]);
        if ((source == row && column != i) || leak <= bound) continue;
        if (source != row)
          fail<ValueError>("check_hollow", "the conditioner couples rows: component ", component, " of h_", i,
                           " of one row depends on x_", column, " of another with derivative ", leak,
                           ". It must treat each row alone.");
        fail<ValueError>("check_hollow", "the conditioner leaks at (", i, ", ", i, "): component ", component, " of h_",
                         i, " depends on x_", i, " with derivative ", leak, ". Fix its masks or its pooling.");
      }
    }
    conditioner(x);  // h at this x
    const Tensor jacobian_f = jacobian(transformer, x);
    const std::vector<double> j = jacobian_f.values();
    const double bound = options.threshold * largest(j);
    for (int64_t e = 0; e < jacobian_f.size(); ++e) {
      const int64_t c = e % d, source = e / d % 2, i = e / (2 * d) % d, row = e / (2 * d * d);
      const double leak = std::abs(j[static_cast<size_t>(e)]);
      if ((source == row && c == i) || leak <= bound) continue;
      if (source != row)
        fail<ValueError>("check_hollow", "the transformer couples rows: given h, f_", i, " of one row depends on x_", c,
                         " of another with derivative ", leak, ". It must treat each row alone.");
      fail<ValueError>("check_hollow", "the transformer leaks at (", i, ", ", c, "): given h, f_", i, " depends on x_",
                       c, " with derivative ", leak, ". It must act on each dimension separately.");
    }
  }
}

}  // namespace dimwise::detail
