// Stiff problems: evaluations of f compared to CVODE's, with the same f and the same tolerances. Counts do not depend
// on the machine; seconds are the processor time of this thread, most of which f takes, computed with tensors for both.

#include <algorithm>
#include <cmath>
#include <map>

#include "bench/common.hpp"
#include "bench/cvode/cvode.hpp"
#include "hollow/net/hollow_net.hpp"
#include "hollow/net/leave_one_out.hpp"
#include "hollow/net/per_dimension_transformer.hpp"
#include "hollow/ode/problems/problems.hpp"
#include "nn/optim/adam.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"

namespace dimwise::bench {

namespace {

constexpr double rtol = 1e-6;
int64_t most_f() { return quick() ? 20000 : 400000; }

// A HollowNet trained on dx_i/dt = −λ_i (x_i − cos x_(i+1)), λ from 1 to 1000.
OdeProblem trained_net() {
  const int64_t d = 16;
  const Rng rng(3);
  HollowNet net{LeaveOneOut({.d = d, .d_h = 16, .dtype = DType::float64}, rng.split("c")),
                PerDimensionTransformer({.d = d, .d_h = 16, .dtype = DType::float64}, rng.split("t"))};
  std::vector<double> rates;
  for (int64_t i = 0; i < d; ++i) rates.push_back(std::pow(1000, static_cast<double>(i) / (d - 1)));
  const Tensor rate = tensor(rates, DType::float64);
  Adam adam{.lr = 1e-2};
  for (uint64_t step = 0; step < 600; ++step) {
    const Tensor x = rng.split(step).normal({64, d}, DType::float64);
    const Tensor wanted = cos(mean(x, {-1}, true)) - x;
    const auto [loss, g] = value_and_grad([&](const auto& m) { return mean(square(m(x) - wanted)); }, net);
    adam.step(net, g);
  }
  const OdeTerm plain = hollow_term(net);
  OdeTerm term([=](const Tensor& t, const State& y) -> State { return {rate * plain.f(t, y)[0]}; },
               [=](const Tensor& t, const State& y) -> ValueAndDiagonal {
                 const ValueAndDiagonal both = plain.with_diagonal(t, y);
                 return {{rate * both.f[0]}, {rate * both.d[0]}};
               });
  return {.name = "hollownet",
          .title = "a trained HollowNet",
          .source = "",
          .term = term,
          .y0 = {rng.split("y0").normal({d}, DType::float64)},
          .times = {0, 10},
          .atol_per_rtol = {1e-2}};
}

struct Task {
  OdeProblem problem;
  std::vector<double> reference;  // y at the end, by radau5 at rtol 1e-11
};

Task make_task(const std::string& name) {
  Task task{name == "hollownet" ? trained_net() : ode_problem(name == "robertson-40" ? "robertson" : name), {}};
  OdeProblem& p = task.problem;
  if (name == "robertson") p.times = {0, 4e10};
  if (name == "robertson-40") p.times = {0, 40};
  p.times = {p.times.front(), p.times.back()};
  OdeOptions tight = tolerances(p, 1e-11, {.method = "radau5", .max_steps = 1000000});
  if (p.y0[0].size() > 100) tight = tolerances(p, 1e-10, {.method = "bdf", .max_steps = 1000000});
  task.reference = value_or_throw(odeint(p.term, p.y0, p.times, tight)).y.back()[0].values();
  return task;
}

const Task& task(const std::string& name) {
  static std::map<std::string, Task> tasks;
  const auto found = tasks.find(name);
  return found != tasks.end() ? found->second : tasks.emplace(name, make_task(name)).first->second;
}

std::vector<double> absolute(const OdeProblem& p) {
  std::vector<double> atol = p.atol_per_rtol;
  if (atol.size() == 1) atol.assign(static_cast<size_t>(p.y0[0].size()), atol[0]);
  for (double& a : atol) a *= rtol;
  return atol;
}

// The largest error in units of the tolerance.
double error(const Task& t, const std::vector<double>& y) {
  const std::vector<double> atol = absolute(t.problem);
  double worst = 0;
  for (size_t i = 0; i < y.size(); ++i)
    worst = std::max(worst, std::abs(y[i] - t.reference[i]) / (atol[i] + rtol * std::abs(t.reference[i])));
  return worst;
}

void ours(benchmark::State& state, const std::string& name, const std::string& method, const std::string& corrector) {
  const Task& t = task(name);
  const OdeProblem& p = t.problem;
  const OdeOptions options = tolerances(
      p, rtol,
      {.method = method, .max_steps = 100000000, .max_evaluations = most_f(), .implicit = {.corrector = corrector}});
  OdeSolution s;
  for (auto _ : state) {
    const double begin = now();
    s = odeint(p.term, p.y0, p.times, options);
    state.SetIterationTime(now() - begin);
  }
  state.counters["f"] = static_cast<double>(s.statistics.evaluations);
  state.counters["D"] = static_cast<double>(s.statistics.diagonals);
  state.counters["J"] = static_cast<double>(s.statistics.jacobians);
  state.counters["products"] = static_cast<double>(s.statistics.products);
  state.counters["steps"] = static_cast<double>(s.statistics.accepted);
  if (s.status == OdeStatus::success)
    state.counters["error"] = error(t, s.y.back()[0].values());
  else
    state.SetLabel(std::string(dimwise::name(s.status)) + " at t = " + std::to_string(s.grid.back()));
}

void theirs(benchmark::State& state, const std::string& name, const std::string& family, const std::string& corrector) {
  const Task& t = task(name);
  const OdeProblem& p = t.problem;
  const Shape shape = p.y0[0].shape();
  const auto n = static_cast<size_t>(shape.size());
  const auto point = [&](const double* y) { return State{tensor({y, y + n}, shape, DType::float64)}; };
  const auto copy = [&](const Tensor& from, double* to) {
    const auto values = from.data<double>();
    std::copy(values.begin(), values.end(), to);
  };
  CvodeProblem problem;
  problem.f = [&](double at, const double* y, double* f) {
    copy(p.term.f(scalar(at, DType::float64), point(y))[0], f);
  };
  problem.diagonal = [&](double at, const double* y, double* d) {
    copy(p.term.with_diagonal(scalar(at, DType::float64), point(y)).d[0], d);
  };
  problem.y0 = p.y0[0].values();
  problem.atol = absolute(p);
  problem.rtol = rtol;
  problem.t1 = p.times.back();
  CvodeRun run;
  for (auto _ : state) {
    run = cvode(problem, family, corrector, most_f());
    state.SetIterationTime(run.seconds);
  }
  state.counters["f"] = static_cast<double>(run.f);
  state.counters["D"] = static_cast<double>(run.diagonals);
  state.counters["f for J"] = static_cast<double>(run.f_for_jacobians);
  state.counters["steps"] = static_cast<double>(run.steps);
  if (run.done)
    state.counters["error"] = error(t, run.y);
  else
    state.SetLabel("ended at t = " + std::to_string(run.reached));
}

const bool added = [] {
  for (const char* name : {"van-der-pol-mu", "robertson-40", "robertson", "hires", "oregonator", "diagonally-dominant",
                           "reaction-diffusion", "rotation-stiff", "hollownet"}) {
    const auto row = [&](const std::string& whose, const std::string& method, const std::string& corrector, auto run) {
      add_row(std::string("ode/") + name + "/" + whose + " " + method + " " + corrector, quick() ? 1 : 3,
              [=](benchmark::State& state) { run(state, name, method, corrector); });
    };
    for (const char* corrector : {"automatic", "jacobi_newton", "newton", "newton_krylov", "functional"})
      row("dimwise", "bdf", corrector, ours);
    for (const char* corrector : {"jacobi_newton", "newton", "functional"}) row("dimwise", "adams", corrector, ours);
    row("dimwise", "radau5", "automatic", ours);
    if (!has_cvode()) continue;
    for (const char* corrector : {"dense", "diagonal", "cvdiag", "functional"}) row("CVODE", "bdf", corrector, theirs);
    for (const char* corrector : {"dense", "diagonal", "functional"}) row("CVODE", "adams", corrector, theirs);
  }
  return true;
}();

}  // namespace

}  // namespace dimwise::bench
