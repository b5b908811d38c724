#include "hollow/sde/sdeint.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/node.hpp"
#include "hollow/sde/brownian.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"

namespace dimwise {

namespace {

// The equation, with its evaluations counted.
class Counted {
 public:
  Counted(const Sde& sde, SdeStatistics& statistics) : sde_(sde), statistics_(statistics) {}

  Tensor drift(const Tensor& t, const Tensor& x) {
    ++statistics_.drift;
    return checked("drift", sde_.drift(t, x, 0), x)[0];
  }
  // {g, …, D^order g}
  std::vector<Tensor> diffusion(const Tensor& t, const Tensor& x, int order) {
    ++statistics_.diffusion;
    return checked("diffusion", sde_.diffusion(t, x, order), x);
  }

 private:
  static std::vector<Tensor> checked(const char* which, std::vector<Tensor> values, const Tensor& x) {
    for (const Tensor& v : values)
      if (v.shape() != x.shape())
        fail<ShapeError>("sdeint", "the ", which, " has shape ", v.shape(), " at x of shape ", x.shape(),
                         ". It must have the shape of x.");
    return values;
  }

  const Sde& sde_;
  SdeStatistics& statistics_;
};

// One step of length h from x at t, along the increment dw.
struct Step {
  Tensor t, t1;
  double h;
  Tensor x, dw;
};

Tensor euler_maruyama(Counted& sde, const Step& s) {
  return s.x + sde.drift(s.t, s.x) * s.h + sde.diffusion(s.t, s.x, 0)[0] * s.dw;
}

Tensor milstein(Counted& sde, const Step& s) {
  const auto g = sde.diffusion(s.t, s.x, 1);
  return s.x + sde.drift(s.t, s.x) * s.h + g[0] * s.dw + 0.5 * g[0] * g[1] * (square(s.dw) - s.h);
}

Tensor stochastic_heun(Counted& sde, const Step& s) {
  const auto increment = [&](const Tensor& t, const Tensor& x) {
    const auto g = sde.diffusion(t, x, 1);
    return (sde.drift(t, x) - 0.5 * g[0] * g[1]) * s.h + g[0] * s.dw;
  };
  const Tensor first = increment(s.t, s.x);
  return s.x + 0.5 * (first + increment(s.t1, s.x + first));
}

struct SdeMethod {
  const char* name;
  Tensor (*step)(Counted& sde, const Step& s);
};
constexpr SdeMethod methods[]{
    {"euler_maruyama", euler_maruyama},
    {"milstein", milstein},
    {"stochastic_heun", stochastic_heun},
};

const SdeMethod& method(const std::string& name) {
  std::string known;
  for (const SdeMethod& each : methods) {
    if (name == each.name) return each;
    known += (known.empty() ? "" : ", ") + std::string(each.name);
  }
  fail<ValueError>("sdeint", "there is no method '", name, "'. Use one of ", known, ".");
}

// The first row with a NaN or an infinity, or −1.
int64_t non_finite_row(const Tensor& x) {
  const int64_t at = first_non_finite(x);
  return at < 0 ? -1 : at / x.dim(1);
}

void check_arguments(const Tensor& x0, const std::vector<double>& times, const SdeOptions& options) {
  if (!x0.defined() || x0.rank() != 2)
    fail<ShapeError>("sdeint", "x0 has shape ", x0.defined() ? x0.shape() : Shape{}, ". It must be (n, d).");
  if (const int64_t row = non_finite_row(x0); row >= 0)
    fail<ValueError>("sdeint", "row ", row, " of x0 is not finite. Drop it.");
  if (times.empty()) fail<ValueError>("sdeint", "there are no times. Give at least the time of x0.");
  for (size_t k = 0; k < times.size(); ++k)
    if (!std::isfinite(times[k])) fail<ValueError>("sdeint", "times[", k, "] = ", times[k], " is not finite.");
  for (size_t k = 1; k < times.size(); ++k)
    if (times[k] <= times[k - 1])
      fail<ValueError>("sdeint", "times must increase strictly, but ", times[k - 1], " is followed by ", times[k], ".");
  if (!(options.dt > 0))
    fail<ValueError>("sdeint", "dt = ", options.dt, ". It is a step length: use a positive number.");
  if (options.first_row < 0) fail<ValueError>("sdeint", "first_row = ", options.first_row, ". It must be at least 0.");
}

}  // namespace

SdeSolution sdeint(const Sde& sde, const Tensor& x0, const std::vector<double>& times, const SdeOptions& options) {
  check_arguments(x0, times, options);
  const SdeMethod& chosen = method(options.method);
  SdeSolution solution{times, {x0}, {}};
  Counted counted(sde, solution.statistics);
  for (size_t k = 1; k < times.size(); ++k) {
    const double t0 = times[k - 1], length = times[k] - t0;
    BrownianIncrements w(options.rng.split(k - 1), x0.shape(),
                         {length, brownian_levels(length, options.dt), options.first_row, x0.dtype()});
    Tensor x = solution.x.back();
    for (int64_t i = 0; i < w.steps(); ++i) {
      const double t = t0 + w.dt() * static_cast<double>(i), t1 = i + 1 < w.steps() ? t + w.dt() : times[k];
      x = chosen.step(counted, {scalar(t, DType::float64), scalar(t1, DType::float64), w.dt(), x, w.next()});
      ++solution.statistics.steps;
      if (const int64_t row = non_finite_row(x); row >= 0)
        fail<SolverError>("sdeint", "row ", row, " becomes NaN or infinite at t = ", t1, ", after a step of ", w.dt(),
                          ". Use a shorter dt, or bound the coefficients.");
    }
    solution.x.push_back(x);
  }
  return solution;
}

const std::vector<std::string>& sde_method_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const SdeMethod& each : methods) all.emplace_back(each.name);
    return all;
  }();
  return names;
}

}  // namespace dimwise
