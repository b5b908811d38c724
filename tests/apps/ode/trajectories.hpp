#pragma once

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "autodiff/base/rng.hpp"
#include "autodiff/context.hpp"
#include "hollow/ode/odeint.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"
#include "tests/apps/common/app_run.hpp"

namespace dimwise::app {

// Prey and predator: x' = 1.1 x − 0.4 x y, y' = 0.1 x y − 0.4 y.
inline State lotka_volterra(const Tensor&, const State& s) {
  const Tensor x = slice(s[0], 1, 0, 1), y = slice(s[0], 1, 1, 2), met = x * y;
  return {concat({1.1 * x - 0.4 * met, 0.1 * met - 0.4 * y}, 1)};
}

// Of a table: t becomes first + time · t, x becomes offset + x · x.
struct Units {
  double time = 1, first = 0, x = 1, offset = 0;
};
struct Simulation {
  int64_t paths = 10, observations = 12;
  double interval = 0.5;  // the mean one
  bool with_path = true;
  uint64_t seed = 3;
  Units units = {};
};

// A table of paths at times of their own, which are multiples of 1/256. The field's state is (1, 2).
inline std::string simulated(const Simulation& s, const VectorField& field) {
  const NoGrad guard;
  std::string text = s.with_path ? "t,path,prey,predator\n" : "t,prey,predator\n";
  for (int64_t p = 0; p < s.paths; ++p) {
    const Rng rng = Rng(s.seed).split("path").split(static_cast<uint64_t>(p));
    std::vector<double> t{std::round(rng.split("first").uniform({1}, DType::float64).item() * 256) / 256};
    for (const double u : rng.split("t").uniform({s.observations - 1}, DType::float64).values())
      t.push_back(t.back() + std::round((0.2 + 1.6 * u) * s.interval * 256) / 256);
    const Tensor range = tensor({5.0, 2.5}, DType::float64), low = tensor({3.0, 1.5}, DType::float64);
    const Tensor start = low + range * rng.split("x").uniform({1, 2}, DType::float64);
    const OdeSolution truth =
        value_or_throw(odeint(field, {start}, t, {.method = "dopri8", .rtol = 1e-11, .atol = 1e-11}));
    for (size_t i = 0; i < t.size(); ++i) {
      const std::vector<double> x = truth.y[i][0].values();
      text +=
          fmt::format("{}{},{},{}\n", s.units.first + s.units.time * t[i], s.with_path ? fmt::format(",{}", p + 1) : "",
                      s.units.offset + s.units.x * x[0], s.units.offset + s.units.x * x[1]);
    }
  }
  return text;
}

inline std::string lotka_volterra_file(const TemporaryFolder& folder, const Simulation& s = {}) {
  write_text(folder / "paths.csv", simulated(s, lotka_volterra));
  return folder / "paths.csv";
}

// `fit` with a net so small that a step takes milliseconds.
inline Strings small_fit(const std::string& data, const std::string& out, int64_t steps) {
  return {"fit",
          "--data",
          data,
          "--out",
          out,
          "--steps",
          std::to_string(steps),
          "--batch-size",
          "8",
          "--hidden",
          "8",
          "--d-h",
          "4",
          "--transformer-hidden",
          "8",
          "--segment",
          "4"};
}

}  // namespace dimwise::app
