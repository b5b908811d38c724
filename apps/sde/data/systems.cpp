#include "apps/sde/data/systems.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cli/suggest.hpp"
#include "autodiff/base/error.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::sde {

namespace {

using Field = std::function<Tensor(const Tensor& x)>;

SdeCoefficient autonomous(Field f) {
  return brute_force_coefficient([f = std::move(f)](const Tensor&, const Tensor& x) { return f(x); });
}

SdeCoefficient constant(std::vector<double> g) {
  return autonomous([g = std::move(g)](const Tensor& x) { return broadcast_to(tensor(g, x.dtype()), x.shape()); });
}

Tensor component(const Tensor& x, int64_t i) { return slice(x, -1, i, i + 1); }

InitialLaw normal(std::vector<double> mean, std::vector<double> scale) {
  return {{{1, std::move(mean), std::move(scale)}}};
}

// log N(x; mean, variance) of (n, 1), as (n,).
Tensor log_normal(const Tensor& x, const Tensor& mean, const Tensor& variance) {
  return sum(-0.5 * square(x - mean) / variance - 0.5 * log(2 * std::numbers::pi * variance), {-1});
}

SdeSystem ou(const SystemOptions&) {
  constexpr double theta = 1.5, mu = 0.7, sigma = 0.8;
  const double v0 = 0.3;
  const std::vector<double> starts{-2, 2.5};
  SdeSystem s{"ou", "dx = 1.5 (0.7 - x) dt + 0.8 dW", 1, {std::nullopt}, {}, {}, 2, 20};
  s.sde = {autonomous([](const Tensor& x) { return theta * (mu - x); }), constant({sigma})};
  for (const double m0 : starts) s.groups.push_back(normal({m0}, {std::sqrt(v0)}));
  s.log_density = [=](const Tensor& t, const Tensor& x, int64_t group) {
    const Tensor decay = exp(-theta * t);
    return log_normal(x, mu + (starts[static_cast<size_t>(group)] - mu) * decay,
                      v0 * square(decay) + sigma * sigma / (2 * theta) * (1 - square(decay)));
  };
  return s;
}

// With A = −½ I + 2 [[0, 1], [−1, 0]], e^{At} = e^{−t/2} R(2t), and R diag(1, −1) Rᵀ has cos 4t and sin 4t.
Tensor rotating_log_density(const Tensor& t, const Tensor& x, const InitialLaw::Part& start, double q1, double q2) {
  const double m1 = start.mean[0], m2 = start.mean[1];
  const double p1 = start.scale[0] * start.scale[0], p2 = start.scale[1] * start.scale[1];
  const Tensor e = exp(-1 * t), c4 = cos(4 * t), s4 = sin(4 * t);
  const Tensor cosine = (1 + e * (4 * s4 - c4)) / 17, sine = (4 - e * (s4 + 4 * c4)) / 17;
  const Tensor a = 0.5 * (p1 + p2) * e + 0.5 * (q1 + q2) * (1 - e);
  const Tensor b = 0.5 * (p1 - p2) * e * c4 + 0.5 * (q1 - q2) * cosine;
  const Tensor c = 0.5 * (p2 - p1) * e * s4 + 0.5 * (q2 - q1) * sine;
  const Tensor half = exp(-0.5 * t), c2 = cos(2 * t), s2 = sin(2 * t);
  const Tensor y1 = component(x, 0) - half * (m1 * c2 + m2 * s2), y2 = component(x, 1) - half * (m2 * c2 - m1 * s2);
  const Tensor determinant = square(a) - square(b) - square(c);
  const Tensor form = ((a - b) * square(y1) - 2 * c * y1 * y2 + (a + b) * square(y2)) / determinant;
  return sum(-0.5 * form - 0.5 * log(determinant) - std::log(2 * std::numbers::pi), {-1});
}

SdeSystem rotating_ou(const SystemOptions&) {
  SdeSystem s{"rotating-ou",
              "dx1 = (-x1/2 + 2 x2) dt + 0.6 dW1, dx2 = (-2 x1 - x2/2) dt + 0.3 dW2",
              2,
              {std::nullopt, std::nullopt},
              {},
              {normal({2, 0}, {std::sqrt(0.1), std::sqrt(0.2)}), normal({-1, 1.5}, {0.6, 0.2})},
              3,
              30};
  s.sde = {autonomous([](const Tensor& x) {
             const Tensor a = component(x, 0), b = component(x, 1);
             return concat({2 * b - 0.5 * a, -2 * a - 0.5 * b}, -1);
           }),
           constant({0.6, 0.3})};
  s.log_density = [groups = s.groups](const Tensor& t, const Tensor& x, int64_t group) {
    return rotating_log_density(t, x, groups[static_cast<size_t>(group)].parts[0], 0.36, 0.09);
  };
  return s;
}

SdeSystem gbm(const SystemOptions&) {
  constexpr double mu = 0.1, sigma = 0.3, scale = 0.2;
  const std::vector<double> starts{0, 0.7};
  SdeSystem s{"gbm", "dx = 0.1 x dt + 0.3 x dW, from log-normal laws", 1, {std::nullopt}, {}, {}, 2, 20};
  s.sde = {autonomous([](const Tensor& x) { return mu * x; }), autonomous([](const Tensor& x) { return sigma * x; })};
  for (const double m0 : starts) s.groups.push_back({{{1, {m0}, {scale}}}, true});
  s.log_density = [=](const Tensor& t, const Tensor& x, int64_t group) {
    const Tensor y = log(x);
    const Tensor mean = starts[static_cast<size_t>(group)] + (mu - 0.5 * sigma * sigma) * t;
    return log_normal(y, mean, scale * scale + sigma * sigma * t) - sum(y, {-1});
  };
  return s;
}

SdeSystem double_well(const SystemOptions& options) {
  const double sigma = options.sigma;
  SdeSystem s{"double-well",
              "dx = (x - x^3) dt + sigma dW",
              1,
              {std::nullopt},
              {},
              {normal({-1}, {std::sqrt(0.05)}), normal({0.3}, {0.4})},
              5,
              25};
  s.sde = {autonomous([](const Tensor& x) { return x - x * square(x); }), constant({sigma})};
  return s;
}

SdeSystem pendulum(const SystemOptions&) {
  SdeSystem s{"pendulum", "dp = v dt, dv = -2 sin p dt + 0.2 dW",
              2,          {0, std::nullopt},
              {},         {{{{0.5, {1.5, 0}, {0.2, 0.2}}, {0.5, {-1, -0.5}, {0.2, 0.2}}}}},
              5,          50};
  s.sde = {autonomous([](const Tensor& x) {
             return concat({component(x, 1), -2 * sin(component(x, 0))}, -1);
           }),
           constant({0, 0.2})};
  return s;
}

SdeSystem limit_cycle(const SystemOptions&) {
  SdeSystem s{"limit-cycle",
              "dx = ((1 - r^2) x + 2 J x) dt + 0.3 dW, J = [[0, -1], [1, 0]]",
              2,
              {std::nullopt, std::nullopt},
              {},
              {normal({1.5, 0.5}, {0.3, 0.15}), normal({-0.3, 0}, {0.15, 0.3})},
              3,
              30};
  s.sde = {autonomous([](const Tensor& x) {
             const Tensor a = component(x, 0), b = component(x, 1), growth = 1 - square(a) - square(b);
             return concat({growth * a - 2 * b, growth * b + 2 * a}, -1);
           }),
           constant({0.3, 0.3})};
  return s;
}

Tensor next(const Tensor& x) { return concat({slice(x, -1, 1, x.dim(-1)), component(x, 0)}, -1); }
Tensor previous(const Tensor& x) { return concat({component(x, x.dim(-1) - 1), slice(x, -1, 0, x.dim(-1) - 1)}, -1); }

SdeSystem coupled(const SystemOptions& options) {
  const auto d = static_cast<size_t>(options.d);
  std::vector<double> alternating(d), same(d, 0.5);
  for (size_t i = 0; i < d; ++i) alternating[i] = i % 2 == 0 ? 1 : -1;
  SdeSystem s{"coupled",
              "dx_i = (x_i - x_i^3 + (x_{i-1} - 2 x_i + x_{i+1})/2) dt + (0.5 + 0.2 sin(x_i + x_{i+1})) dW_i, a ring",
              options.d,
              std::vector<std::optional<double>>(d),
              {},
              {normal(alternating, std::vector<double>(d, 0.3)), normal(same, std::vector<double>(d, 0.5))},
              2,
              20};
  s.sde = {autonomous([](const Tensor& x) { return 0.5 * (previous(x) + next(x)) - x * square(x); }),
           autonomous([](const Tensor& x) { return 0.5 + 0.2 * sin(x + next(x)); })};
  return s;
}

struct Entry {
  const char* name;
  SdeSystem (*make)(const SystemOptions&);
};
constexpr Entry entries[]{
    {"ou", ou},
    {"rotating-ou", rotating_ou},
    {"gbm", gbm},
    {"double-well", double_well},
    {"pendulum", pendulum},
    {"limit-cycle", limit_cycle},
    {"coupled", coupled},
};

}  // namespace

SdeSystem sde_system(const std::string& name, const SystemOptions& options) {
  if (options.d < 2 || options.d > 64) fail<ValueError>("system", "d = ", options.d, ". coupled has 2 to 64.");
  if (!(options.sigma > 0 && std::isfinite(options.sigma)))
    fail<ValueError>("system", "sigma = ", options.sigma, ". It must be positive.");
  for (const Entry& entry : entries)
    if (name == entry.name) return entry.make(options);
  const std::string nearest = did_you_mean(name, sde_system_names());
  fail<ValueError>("system", "there is no system \"", name, "\": the names are ",
                   fmt::format("{}.", fmt::join(sde_system_names(), ", ")), nearest.empty() ? "" : " ", nearest);
}

SdeSystem sde_system(const char* flag, const std::string& name, const SystemOptions& options) {
  try {
    return sde_system(name, options);
  } catch (const ValueError& wrong) {
    const std::string text = wrong.what();
    fail<UsageError>(flag, text.substr(text.find("] ") + 2));
  }
}

const std::vector<std::string>& sde_system_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Entry& entry : entries) all.emplace_back(entry.name);
    return all;
  }();
  return names;
}

Tensor sample_initial(const SdeSystem& system, int64_t group, const Rng& rng, int64_t n, DType dtype) {
  const auto d = static_cast<size_t>(system.d);
  const InitialLaw& law = system.groups.at(static_cast<size_t>(group));
  std::vector<double> x = rng.split("normal").normals(n * system.d);
  const std::vector<double> u = rng.split("part").uniforms(n);
  for (size_t row = 0; row < u.size(); ++row) {
    size_t part = 0;
    for (double below = law.parts[0].weight; part + 1 < law.parts.size() && u[row] >= below;)
      below += law.parts[++part].weight;
    for (size_t i = 0; i < d; ++i) {
      double& value = x[row * d + i];
      value = law.parts[part].mean[i] + law.parts[part].scale[i] * value;
      if (law.of_logarithm) value = std::exp(value);
    }
  }
  return tensor(x, {n, system.d}, dtype);
}

}  // namespace dimwise::app::sde
