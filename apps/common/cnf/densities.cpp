#include "apps/common/cnf/densities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/common/cli/suggest.hpp"
#include "apps/common/cnf/density_formulas.hpp"
#include "autodiff/base/error.hpp"

namespace dimwise::app::cnf {
namespace {

constexpr double pi = 3.14159265358979323846;

Point eight_gaussians(const Draw& d) {
  const double a = std::floor(8 * d.uniform[0]) * pi / 4;
  return {(4 * std::cos(a) + 0.5 * d.normal[0]) / 1.414, (4 * std::sin(a) + 0.5 * d.normal[1]) / 1.414};
}

Point two_spirals(const Draw& d) {
  const double n = 3 * pi * std::sqrt(d.uniform[0]), arm = d.uniform[3] < 0.5 ? 1 : -1;
  return {arm * (-n * std::cos(n) + 0.5 * d.uniform[1]) / 3 + 0.1 * d.normal[0],
          arm * (n * std::sin(n) + 0.5 * d.uniform[2]) / 3 + 0.1 * d.normal[1]};
}

Point checkerboard(const Draw& d) {
  const double x = 4 * d.uniform[0] - 2, column = std::floor(x);
  const double odd = column - 2 * std::floor(column / 2), lower = d.uniform[2] < 0.5 ? 0 : 2;
  return {2 * x, 2 * (d.uniform[1] - lower + odd)};
}

Point pinwheel(const Draw& d) {
  const double r = 1 + 0.3 * d.normal[0], s = 0.1 * d.normal[1];
  const double a = 2 * pi / 5 * std::floor(5 * d.uniform[0]) + 0.25 * std::exp(r);
  return {2 * (r * std::cos(a) + s * std::sin(a)), 2 * (s * std::cos(a) - r * std::sin(a))};
}

Point on_circle(double radius, double sd, const Draw& d) {
  const double a = 2 * pi * d.uniform[1];
  return {radius * std::cos(a) + sd * d.normal[0], radius * std::sin(a) + sd * d.normal[1]};
}

Point rings(const Draw& d) { return on_circle(0.75 * (1 + std::floor(4 * d.uniform[0])), 0.08, d); }

Point circles(const Draw& d) { return on_circle(d.uniform[0] < 0.5 ? 3 : 1.5, 0.24, d); }

Point moons(const Draw& d) {
  const double t = pi * d.uniform[0];
  const bool upper = d.uniform[1] < 0.5;
  const double x = upper ? std::cos(t) : 1 - std::cos(t), y = upper ? std::sin(t) : 0.5 - std::sin(t);
  return {2 * (x + 0.1 * d.normal[0]) - 1, 2 * (y + 0.1 * d.normal[1]) - 0.2};
}

Point swissroll(const Draw& d) {
  const double t = 1.5 * pi * (1 + 2 * d.uniform[0]);
  return {(t * std::cos(t) + d.normal[0]) / 5, (t * std::sin(t) + d.normal[1]) / 5};
}

}  // namespace

const std::vector<Density>& densities() {
  static const std::vector<Density> all = {
      {"8gaussians", 2.8319, 1e-4, eight_gaussians, formulas::eight_gaussians},
      {"2spirals", 2.6454, 1e-4, two_spirals, formulas::two_spirals},
      {"checkerboard", std::log(32.0), 0, checkerboard, formulas::checkerboard},
      {"pinwheel", 2.3181, 2e-3, pinwheel, formulas::pinwheel},
      {"rings", 2.6232, 1e-4, rings, formulas::rings},
      {"moons", 2.3939, 1e-4, moons, formulas::moons},
      {"swissroll", 2.6696, 1e-4, swissroll, formulas::swissroll},
      {"circles", 3.2681, 1e-4, circles, formulas::circles},
  };
  return all;
}

const Density& density(const std::string& name) {
  std::vector<std::string> names;
  for (const Density& d : densities()) {
    if (d.name == name) return d;
    names.push_back(d.name);
  }
  const std::string nearest = did_you_mean(name, names);
  fail<ValueError>("density", "there is no built-in density \"", name, "\": the names are ",
                   fmt::format("{}.", fmt::join(names, ", ")), nearest.empty() ? "" : " ", nearest);
}

Tensor sample(const Density& density, const Rng& rng, int64_t n, DType dtype) {
  if (n < 0) fail<ValueError>("sample", "the number of points is ", n, ". Ask for 0 or more.");
  const std::vector<double> uniforms = rng.split("uniform").uniforms(4 * n),
                            normals = rng.split("normal").normals(2 * n);
  std::vector<double> points;
  points.reserve(static_cast<size_t>(2 * n));
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
    const Point p = density.draw({uniforms.data() + 4 * i, normals.data() + 2 * i});
    points.insert(points.end(), p.begin(), p.end());
  }
  return tensor(points, {n, 2}, dtype);
}

}  // namespace dimwise::app::cnf
