// Large stiff problems with banded Jacobians: bdf with the pattern given, and found, beside CVODE's bdf with its band
// solver. "limit" is CVODE: with the same f, computed with tensors, or, where the row says so, with f in plain loops.
// Then the products that newton_krylov takes with different preconditioners.

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "bench/common.hpp"
#include "bench/cvode/cvode.hpp"
#include "hollow/ode/problems/problems.hpp"
#include "hollow/solve/linear/sparse_lu.hpp"
#include "ops/arithmetic.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"

namespace dimwise::bench {

namespace {

constexpr double structure_rtol = 1e-4, structure_atol = 1e-6;

struct Lattice {
  std::string name;
  VectorField f = nullptr;
  std::function<void(double t, const double* y, double* f)> loops = nullptr;
  std::vector<double> y0 = {};
  int64_t width = 0;  // of the band, on either side
  double end = 1;
};

// y_{i−k} − 2 y_i + y_{i+k}, with the numbers `edge` before and behind.
Tensor second_difference(const Tensor& y, const Tensor& edge) {
  const int64_t d = y.dim(-1), k = edge.size();
  const Tensor padded = concat({edge, y, edge});
  return slice(padded, -1, 0, d) + slice(padded, -1, 2 * k, d + 2 * k) - 2 * y;
}

// u_t = u_xx + u − u³ on d points.
Lattice diffusion(int64_t d) {
  const double g = std::pow(static_cast<double>(d) + 1, 2);
  Lattice made{.name = "diffusion " + std::to_string(d), .width = 1, .end = 1};
  for (int64_t i = 1; i <= d; ++i) {
    const double x = static_cast<double>(i) / (static_cast<double>(d) + 1);
    made.y0.push_back(std::sin(std::numbers::pi * x) + 0.5 * std::sin(9 * std::numbers::pi * x));
  }
  made.f = [g, edge = zeros({1}, DType::float64)](const Tensor&, const State& y) -> State {
    return {g * second_difference(y[0], edge) + (y[0] - y[0] * y[0] * y[0])};
  };
  made.loops = [g, d](double, const double* y, double* f) {
    for (int64_t i = 0; i < d; ++i)
      f[i] = g * ((i > 0 ? y[i - 1] : 0) - 2 * y[i] + (i + 1 < d ? y[i + 1] : 0)) + (y[i] - y[i] * y[i] * y[i]);
  };
  return made;
}

// The Brusselator with diffusion 1/50, u and v of a point side by side (Hairer & Wanner 1996).
Lattice brusselator(int64_t d) {
  const int64_t n = d / 2;
  const double h = 1 / (static_cast<double>(n) + 1), g = 0.02 / (h * h);
  Lattice made{.name = "brusselator " + std::to_string(d), .width = 2, .end = 10};
  for (int64_t i = 1; i <= n; ++i) {
    made.y0.push_back(1 + 0.5 * std::sin(2 * std::numbers::pi * static_cast<double>(i) * h));
    made.y0.push_back(3);
  }
  made.f = [g, d, edge = tensor({1, 3}, DType::float64)](const Tensor&, const State& y) -> State {
    const Tensor u = slice(y[0], -1, 0, d, 2), uuv = u * u * slice(y[0], -1, 1, d, 2);
    const Tensor reaction = reshape(stack({1 + uuv - 4 * u, 3 * u - uuv}, -1), {d});
    return {g * second_difference(y[0], edge) + reaction};
  };
  made.loops = [g, n](double, const double* y, double* f) {
    for (int64_t i = 0; i < n; ++i) {
      const double u = y[2 * i], v = y[2 * i + 1], uuv = u * u * v;
      f[2 * i] = 1 + uuv - 4 * u + g * ((i > 0 ? y[2 * i - 2] : 1) - 2 * u + (i + 1 < n ? y[2 * i + 2] : 1));
      f[2 * i + 1] = 3 * u - uuv + g * ((i > 0 ? y[2 * i - 1] : 3) - 2 * v + (i + 1 < n ? y[2 * i + 3] : 3));
    }
  };
  return made;
}

std::vector<double> solve_ours(const Lattice& lattice, bool given, double share = 1) {
  OdeTerm term(lattice.f);
  if (given)
    term.sparsity = SparsityPattern::banded(static_cast<int64_t>(lattice.y0.size()), lattice.width, lattice.width);
  const OdeSolution s = value_or_throw(
      odeint(term, {tensor(lattice.y0, DType::float64)}, {0, lattice.end},
             {.method = "bdf", .rtol = share * structure_rtol, .atol = share * structure_atol, .per_sample = false}));
  return s.y.back()[0].values();
}

std::vector<double> solve_theirs(const Lattice& lattice, bool loops) {
  const auto d = static_cast<int64_t>(lattice.y0.size());
  CvodeProblem problem{.f = lattice.loops,
                       .diagonal = nullptr,
                       .y0 = lattice.y0,
                       .atol = std::vector<double>(lattice.y0.size(), structure_atol),
                       .rtol = structure_rtol,
                       .t1 = lattice.end,
                       .lower = lattice.width,
                       .upper = lattice.width};
  if (!loops)
    problem.f = [&](double t, const double* y, double* f) {
      const Tensor k = lattice.f(scalar(t, DType::float64), {tensor({y, y + d}, {d}, DType::float64)})[0];
      std::copy_n(k.data<double>().data(), d, f);
    };
  return cvode(problem, "bdf", "band", 1000000).y;
}

// The error at the end, in units of the tolerance, in the norm of both solvers.
double error_of(const Lattice& lattice, const std::vector<double>& y) {
  static std::map<std::string, std::vector<double>> references;
  std::vector<double>& reference = references[lattice.name];
  if (reference.empty()) reference = solve_ours(lattice, true, 1e-4);
  double sum = 0;
  for (size_t i = 0; i < y.size(); ++i)
    sum += std::pow((y[i] - reference[i]) / (structure_atol + structure_rtol * std::abs(reference[i])), 2);
  return std::sqrt(sum / static_cast<double>(y.size()));
}

// Solves with newton_krylov and reports its products.
void count_products(benchmark::State& state, const std::string& name, const std::string& preconditioner) {
  const OdeProblem problem = ode_problem(name);
  const int64_t d = problem.y0[0].size();
  OdeTerm term(problem.term.f);
  if (preconditioner == "diagonal") term.with_diagonal = problem.term.with_diagonal;
  if (preconditioner == "neighbors")
    // The diagonal and the diffusion of the Brusselator, without what u and v do to each other.
    term.preconditioner = [&](const Tensor& t, const State& y, double gamma) {
      const SparsityPattern band = SparsityPattern::banded(d, 2, 2);
      const double g = 0.02 * std::pow(static_cast<double>(d / 2) + 1, 2);
      const std::vector<double> diagonal = problem.term.with_diagonal(t, y).d[0].values();
      const std::vector<int64_t> rows = band.rows();
      std::vector<double> values;
      for (size_t k = 0; k < rows.size(); ++k) {
        const int64_t distance = std::abs(rows[k] - band.columns()[k]);
        values.push_back(distance == 0   ? 1 - gamma * diagonal[static_cast<size_t>(rows[k])]
                         : distance == 2 ? -gamma * g
                                         : 0);
      }
      const auto lu = std::make_shared<const SparseLu>(SparseMatrix{band, tensor(values, DType::float64)});
      return [lu](const State& v) { return State{lu->solve(v[0])}; };
    };
  OdeSolution s;
  for (auto _ : state) {
    const double begin = now();
    s = value_or_throw(odeint(
        term, problem.y0, problem.times,
        {.method = "bdf", .rtol = structure_rtol, .atol = structure_rtol, .implicit = {.corrector = "newton_krylov"}}));
    state.SetIterationTime(now() - begin);
  }
  report(state, {.unit = "products",
                 .ours = static_cast<double>(s.statistics.products),
                 .remark = std::to_string(s.statistics.iterations) + " iterations"});
}

const bool structure_added = [] {
  for (const auto& [name, preconditioner] : {std::pair{"diagonally-dominant", "none"},
                                             {"diagonally-dominant", "diagonal"},
                                             {"brusselator-500", "none"},
                                             {"brusselator-500", "diagonal"},
                                             {"brusselator-500", "neighbors"}})
    add_row(std::string("structure/newton_krylov ") + name + ", preconditioner " + preconditioner, 1,
            [problem = std::string(name), how = std::string(preconditioner)](benchmark::State& state) {
              count_products(state, problem, how);
            });
  for (const auto& make : {diffusion, brusselator})
    for (const int64_t d : {1000, 10000})
      for (const bool given : {true, false})
        for (const bool loops : {false, true})
          add_row("structure/" + make(2).name.substr(0, make(2).name.find(' ')) + " " + std::to_string(d) +
                      (given ? ", band given" : ", pattern found") + (loops ? ", CVODE's f in loops" : ""),
                  [=] {
                    const Lattice lattice = make(d);
                    Row row{.ours = [=] { benchmark::DoNotOptimize(solve_ours(lattice, given)); }, .slice = 0.2};
                    if (!has_cvode()) return row;
                    row.remark = "errors of " + std::to_string(error_of(lattice, solve_ours(lattice, given))) +
                                 " and " + std::to_string(error_of(lattice, solve_theirs(lattice, loops))) +
                                 " tolerances";
                    row.limit = [=] { benchmark::DoNotOptimize(solve_theirs(lattice, loops)); };
                    row.targets = {{"ours/limit", 1.5}};
                    return row;
                  });
  return true;
}();

}  // namespace

}  // namespace dimwise::bench
