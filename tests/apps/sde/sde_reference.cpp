// Simulated and learned densities against exact and spectral solutions at the times given with them. What is learned
// is learned from simulated observations; f and g are autonomous. Prints what it compares.
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/sde/data/systems.hpp"
#include "apps/sde/fit.hpp"
#include "hollow/sde/sdeint.hpp"
#include "nn/io/csv.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/linalg.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/apps/common/temporary_folder.hpp"
#include "tests/catch.hpp"
#include "tests/data.hpp"

namespace dimwise::sde_reference_tests {

using namespace dimwise::app;
using namespace dimwise::app::sde;

namespace {

constexpr DType f64 = DType::float64;

nlohmann::json references() {
  std::ifstream in(test_data("sde_reference.json"));
  return nlohmann::json::parse(in);
}

Tensor matrix(const nlohmann::json& rows) {
  std::vector<double> all;
  for (const auto& row : rows)
    for (const double v : row) all.push_back(v);
  const auto n = static_cast<int64_t>(rows.size());
  return tensor(all, {n, static_cast<int64_t>(all.size()) / n}, f64);
}

double largest(const Tensor& x) { return max(abs(x)).item(); }
Tensor covariance(const Tensor& x) {
  const Tensor centered = x - mean(x, {0}, true);
  return matmul(transpose(centered), centered) / static_cast<double>(x.dim(0));
}

// The share of points within h of each place, over 2h.
std::vector<double> density_at(const Tensor& x, const std::vector<double>& places, double h) {
  std::vector<double> p;
  const std::vector<double> values = x.values();
  for (const double at : places) {
    double n = 0;
    for (const double v : values) n += std::abs(v - at) < h;
    p.push_back(n / (2 * h * static_cast<double>(values.size())));
  }
  return p;
}

// In y = S⁻¹ x the rotating process has the diffusion 1: dy = S⁻¹ A S y dt + dW.
struct Rotating {
  Tensor S, B, m0, root;  // root: of the covariance of y at t = 0, lower triangular

  explicit Rotating(const nlohmann::json& r) : S(matrix(r["S"])) {
    const Tensor inverse = inv(S);
    B = matmul(inverse, matmul(matrix(r["A"]), S));
    m0 = tensor(r["m0"].get<std::vector<double>>(), f64);
    root = cholesky(matmul(inverse, matmul(matrix(r["P0"]), transpose(inverse))));
  }
  Sde sde() const {
    return {brute_force_coefficient([B = B](const Tensor&, const Tensor& y) { return matmul(y, transpose(B)); }),
            brute_force_coefficient([](const Tensor&, const Tensor& y) { return ones_like(y); })};
  }
  Tensor start(int64_t n, const Rng& rng) const {
    const Tensor mean = matmul(reshape(m0, {1, 2}), transpose(inv(S)));
    return mean + matmul(rng.normal({n, 2}, f64), transpose(root));
  }
  Tensor back(const Tensor& y) const { return matmul(y, transpose(S)); }
};

// A fit of small size, of which the loaded result is given.
SavedRun fitted(FitSettings s, const TemporaryFolder& folder, int64_t steps = 4000) {
  s.common.out = folder / "run";
  s.common.quiet = true;
  s.common.batch_size = 512;
  s.common.steps = steps;
  Command c("dimwise-sde", "train", "");
  add_settings(c, s);
  run_fit(s, c);
  return load_run(s.common.out);
}

Tensor samples(const SavedRun& fit, double t, int64_t group, int64_t n) {
  const SdeModel m = astype(fit.model, f64);
  const std::vector<double> clock = m.clock.value.values();
  Tensor context;
  if (m.groups > 1) {
    std::vector<double> one(static_cast<size_t>(m.groups));
    one[static_cast<size_t>(group)] = 1;
    context = broadcast_to(tensor(one, f64), {n, m.groups});
  }
  return m.units.inverse(m.density.sample(Rng(1), full({n, 1}, (t - clock[0]) / clock[1], f64), context));
}

// What was learned, simulated from points x0 by the learned f and g.
Tensor simulated(const SavedRun& fit, const Tensor& x0, double t) {
  return sdeint(equation(astype(fit.model, f64)), x0, {0, t}, {.dt = 0.02, .rng = Rng(2)}).x.back();
}

}  // namespace

// Against n paths.
void check_simulated(int64_t n) {
  const auto all = references();
  const double root_n = std::sqrt(static_cast<double>(n));
  const SdeOptions options{.method = "stochastic_heun", .dt = 0.01, .rng = Rng(3)};
  {
    const auto& r = all["ou_1d"];
    const SdeSystem ou = sde_system("ou");
    const auto times = r["t"].get<std::vector<double>>();
    const auto path = sdeint(ou.sde, sample_initial(ou, 0, Rng(4), n), times, options);
    for (size_t k = 0; k < times.size(); ++k) {
      const double m = r["mean"][k], v = r["var"][k];
      CHECK(std::abs(mean(path.x[k]).item() - m) < 4 * std::sqrt(v) / root_n + 1e-4);
      CHECK(std::abs(covariance(path.x[k]).item() / v - 1) < 4 * std::sqrt(2) / root_n + 1e-3);
    }
  }
  {
    const auto& r = all["ou_2d_rotating"];
    const Rotating system(r);
    const auto times = r["t"].get<std::vector<double>>();
    const auto path = sdeint(system.sde(), system.start(n, Rng(5)), times, options);
    for (size_t k = 0; k < times.size(); ++k) {
      const Tensor x = system.back(path.x[k]);
      CHECK(largest(mean(x, {0}) - tensor(r["mean"][k].get<std::vector<double>>(), f64)) < 4 * 0.6 / root_n + 1e-3);
      CHECK(largest(covariance(x) - matrix(r["cov"][k])) < 4 * 0.6 / root_n + 1e-3);
    }
  }
  {
    const auto& r = all["gbm"];
    const auto times = r["t"].get<std::vector<double>>();
    const auto path = sdeint(sde_system("gbm").sde, ones({n, 1}, f64), {0, times[0], times[1], times[2]}, options);
    for (size_t k = 0; k < times.size(); ++k) {
      const Tensor y = log(path.x[k + 1]);
      const double v = r["log_var"][k], m = r["log_mean"][k];
      CHECK(std::abs(mean(y).item() - m) < 4 * std::sqrt(v) / root_n + 1e-4);
      CHECK(std::abs(covariance(y).item() / v - 1) < 4 * std::sqrt(2) / root_n + 2e-3);
    }
  }
  for (const char* name : {"double_well_sigma0.5", "double_well_sigma1"}) {
    const auto& r = all[name];
    const SdeSystem well = sde_system("double-well", {.sigma = r["sigma"]});
    std::vector<double> times{0}, places = r["x"].get<std::vector<double>>();
    for (const auto& each : r["transient"]) times.push_back(each["t"]);
    const auto path = sdeint(well.sde, sample_initial(well, 0, Rng(6), n), times, options);
    for (size_t k = 1; k < times.size(); ++k) {
      const std::vector<double> p = density_at(path.x[k], places, 0.05);
      for (size_t i = 0; i < places.size(); ++i) {
        const double exact = r["transient"][k - 1]["p"][i];
        CHECK(std::abs(p[i] - exact) < 4 * std::sqrt(exact / 0.1) / root_n + 0.02);
      }
    }
  }
}

TEST_CASE("simulated densities are those of the reference solutions") { check_simulated(8000); }
TEST_CASE("simulated densities are those of the reference solutions: 40,000 paths", "[long]") {
  check_simulated(40000);
}

// An Ornstein-Uhlenbeck process, learned from simulated paths in some steps.
void check_learned(int64_t paths, int64_t steps) {
  const auto all = references();
  const TemporaryFolder folder;
  FitSettings s;
  s.data.data = "ou";
  s.data.simulation.paths = paths;
  const SavedRun fit = fitted(s, folder, steps);
  const auto& r = all["ou_1d"];
  std::printf("ou: t, mean and variance: exact, density, learned equation\n");
  for (size_t k = 1; k < 5; ++k) {
    const double t = r["t"][k], m = r["mean"][k], v = r["var"][k];
    const Tensor x = samples(fit, t, 0, 20000),
                 y = simulated(fit, sample_initial(*fit.data.truth, 0, Rng(7), 20000), t);
    std::printf("  %.1f  %.3f %.3f  %.3f %.3f  %.3f %.3f\n", t, m, v, mean(x).item(), covariance(x).item(),
                mean(y).item(), covariance(y).item());
    for (const Tensor& each : {x, y}) {
      CHECK(std::abs(mean(each).item() - m) < 0.08);
      CHECK(std::abs(covariance(each).item() / v - 1) < 0.25);
    }
  }
  const Errors e = errors(fit.model, *fit.data.truth, fit.known, fit.data.test);
  std::printf("  errors of f %.3f, of g %.3f\n", e.mean_drift, e.mean_diffusion);
  CHECK(e.mean_drift < 0.2);
  CHECK(e.mean_diffusion < 0.15);
}

TEST_CASE("learned: an Ornstein-Uhlenbeck process, in brief") { check_learned(500, 1000); }
TEST_CASE("learned: an Ornstein-Uhlenbeck process", "[long]") { check_learned(1000, 4000); }

TEST_CASE("learned: a rotating Ornstein-Uhlenbeck process from an anisotropic law off the center", "[long]") {
  const auto all = references();
  const auto& r = all["ou_2d_rotating"];
  const Rotating system(r);
  const TemporaryFolder folder;
  const int64_t n = 1500;
  std::vector<double> times, rows;
  for (int k = 0; k <= 40; ++k) times.push_back(0.05 * k);
  const auto path = sdeint(system.sde(), system.start(n, Rng(8)), times, {.dt = 0.01, .rng = Rng(9)});
  for (size_t k = 0; k < times.size(); ++k) {
    const std::vector<double> y = path.x[k].values();
    for (int64_t i = 0; i < n; ++i)
      rows.insert(rows.end(),
                  {times[k], static_cast<double>(i), y[static_cast<size_t>(2 * i)], y[static_cast<size_t>(2 * i + 1)]});
  }
  save_csv(folder / "y.csv", {"t", "path", "y1", "y2"}, tensor(rows, {static_cast<int64_t>(rows.size()) / 4, 4}, f64));
  FitSettings s;
  s.data.data = folder / "y.csv";
  const SavedRun fit = fitted(s, folder);
  std::printf("rotating ou: t, mean (x1, x2) and variances: exact, density, learned equation\n");
  for (size_t k = 1; k < 5; ++k) {
    const double t = r["t"][k];
    const Tensor exact_mean = tensor(r["mean"][k].get<std::vector<double>>(), f64), exact = matrix(r["cov"][k]);
    const Tensor x = system.back(samples(fit, t, 0, 20000)),
                 y = system.back(simulated(fit, system.start(20000, Rng(7)), t));
    const auto told = [](const Tensor& m, const Tensor& c) {
      const auto a = m.values(), b = diagonal(c).values();
      std::printf("  %.3f %.3f %.3f %.3f", a[0], a[1], b[0], b[1]);
    };
    std::printf("  %.1f", t);
    told(exact_mean, exact);
    for (const Tensor& each : {x, y}) {
      told(mean(each, {0}), covariance(each));
      CHECK(largest(mean(each, {0}) - exact_mean) < 0.15);
      CHECK(largest(covariance(each) - exact) < 0.08);
    }
    std::printf("\n");
  }
  // The turning is seen: without it f would be wrong by its own size.
  const Tensor at = fit.data.test.x, f = matmul(at, transpose(system.B));
  const Tensor learned = equation(astype(fit.model, f64)).drift(zeros({at.dim(0), 1}, f64), at, 0)[0];
  const double error = mean(abs(learned - f)).item() / mean(abs(f)).item();
  std::printf("  mean error of f over its mean size: %.3f\n", error);
  CHECK(error < 0.2);
}

TEST_CASE("learned: geometric Brownian motion", "[long]") {
  const auto all = references();
  const TemporaryFolder folder;
  FitSettings s;
  s.data.data = "gbm";
  s.data.simulation.paths = 1500;
  const SavedRun fit = fitted(s, folder);
  const auto& r = all["gbm"];
  std::printf("gbm from x = 1: t, mean and variance: exact, learned equation\n");
  for (size_t k = 0; k < 3; ++k) {
    const double t = r["t"][k], m = r["mean"][k], v = r["var"][k];
    const Tensor y = simulated(fit, ones({20000, 1}, f64), t);
    std::printf("  %.2f  %.3f %.4f  %.3f %.4f\n", t, m, v, mean(y).item(), covariance(y).item());
    CHECK(std::abs(mean(y).item() - m) < 0.06);
    CHECK(std::abs(covariance(y).item() / v - 1) < 0.5);
    // The density itself starts from the log-normal law of group 0, whose log-variance adds to the reference's.
    const Tensor x = log(maximum(samples(fit, t, 0, 20000), full({}, 1e-3, f64)));
    CHECK(std::abs(mean(x).item() - r["log_mean"][k].get<double>()) < 0.05);
    CHECK(std::abs(covariance(x).item() / (0.04 + r["log_var"][k].get<double>()) - 1) < 0.3);
  }
  const Errors e = errors(fit.model, *fit.data.truth, fit.known, fit.data.test);
  std::printf("  errors of f %.3f, of g %.3f\n", e.mean_drift, e.mean_diffusion);
  CHECK(e.mean_drift < 0.15);
  CHECK(e.mean_diffusion < 0.12);
}

TEST_CASE("learned: the double well", "[long]") {
  const auto all = references();
  const TemporaryFolder folder;
  FitSettings s;
  s.data.data = "double-well";
  s.data.simulation.paths = 2000;
  const SavedRun fit = fitted(s, folder);
  const auto& r = all["double_well_sigma0.5"];
  const auto places = r["x"].get<std::vector<double>>();
  std::printf("double well, p at x = -1.5 .. 1.5: exact / density / learned equation\n");
  for (const auto& each : r["transient"]) {
    const double t = each["t"];
    if (t > 5) continue;
    const auto density = density_at(samples(fit, t, 0, 40000), places, 0.05);
    const auto learned = density_at(simulated(fit, sample_initial(*fit.data.truth, 0, Rng(7), 20000), t), places, 0.05);
    std::printf("  t %.1f ", t);
    for (size_t i = 0; i < places.size(); ++i) {
      const double exact = each["p"][i];
      std::printf("  %.2f/%.2f/%.2f", exact, density[i], learned[i]);
      CHECK(std::abs(density[i] - exact) < 0.15);
      CHECK(std::abs(learned[i] - exact) < 0.3);
    }
    std::printf("\n");
  }
  const Errors e = errors(fit.model, *fit.data.truth, fit.known, fit.data.test);
  std::printf("  errors of f %.3f, of g %.3f\n", e.mean_drift, e.mean_diffusion);
  CHECK(e.mean_drift < 0.25);
  CHECK(e.mean_diffusion < 0.15);
}

}  // namespace dimwise::sde_reference_tests
