#include <cmath>

#include "apps/ode/experiment/task.hpp"
#include "autodiff/context.hpp"
#include "nn/data/loader.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::ode {

namespace {

// The system of the observed trajectories.
struct Source {
  std::vector<double> low, high;  // of the start, drawn uniformly
  VectorField field;
};

// Van der Pol's equation in Liénard's coordinates, both of the order of 1: x' = μ (x − x³/3 + y), y' = −x/μ.
Source van_der_pol(double mu) {
  return {.low = {-2.5, -1}, .high = {2.5, 1}, .field = [mu](const Tensor&, const State& s) -> State {
            const Tensor x = slice(s[0], 1, 0, 1), y = slice(s[0], 1, 1, 2);
            return {concat({mu * (x - pow(x, 3) / 3 + y), -1 / mu * x}, 1)};
          }};
}

// A slow rotation s' = (−s₂, s₁), and two fast modes that decay onto a curve above it while they rotate:
// z' = (−damping + frequency · [0 −1; 1 0]) (z − g(s)), g(s) = (s₁ s₂, s₁² − s₂²).
Source spiral(double damping, double frequency) {
  return {.low = {-1.5, -1.5, -1, -1},
          .high = {1.5, 1.5, 1, 1},
          .field = [damping, frequency](const Tensor&, const State& y) -> State {
            const auto column = [&](int64_t i) { return slice(y[0], 1, i, i + 1); };
            const Tensor s1 = column(2), s2 = column(3);
            const Tensor u = column(0) - s1 * s2, v = column(1) - (square(s1) - square(s2));
            return {concat({-damping * u - frequency * v, frequency * u - damping * v, -s2, s1}, 1)};
          }};
}

// dx/dt = f(x): a net without time.
OdeTerm autonomous(const AnyHollowNet& net) {
  const auto prepared = net.prepare();
  return {[prepared](const Tensor&, const State& y) -> State { return {prepared.at()(y[0])}; },
          [prepared](const Tensor&, const State& y) -> ValueAndDiagonal {
            const std::vector<Tensor> d = dimwise(prepared.at(), y[0], 1);
            return {{d[0]}, {d[1]}};
          }};
}

// Predicts the state at each observed time from the start.
class TrajectoryTask : public Task {
 public:
  TrajectoryTask(const TaskSettings& s, DType dtype)
      : loader_({.size = s.rows,
                 .batch = std::min(s.batch, s.rows),
                 .seed = static_cast<uint64_t>(s.seed),
                 .drop_last = true}) {
    const Source source = s.task == "rotation" ? spiral(s.damping, s.frequency) : van_der_pol(s.mu);
    const auto d = static_cast<int64_t>(source.low.size());
    std::vector<Tensor> columns;
    const Rng rng = Rng(static_cast<uint64_t>(s.seed)).split("trajectories");
    for (size_t i = 0; i < source.low.size(); ++i)
      columns.push_back(rng.split(i).uniform({s.rows, 1}, DType::float64, source.low[i], source.high[i]));
    times_ = {0};
    for (int64_t k = 1; k <= s.observations; ++k)
      times_.push_back(s.window * std::pow(ratio, static_cast<double>(k - s.observations)));
    const NoGrad guard;
    const OdeSolution truth =
        value_or_throw(odeint(source.field, {reshape(concat(columns, 1), {s.rows, d})}, times_,
                              {.method = "dopri8", .rtol = 1e-8, .atol = 1e-8, .max_steps = 1000000}));
    for (const State& y : truth.y) observed_.push_back(astype(y[0], dtype));
  }

  int64_t dimension() const override { return observed_[0].dim(1); }
  bool uses_time() const override { return false; }
  std::string loss_name() const override { return "mean squared error"; }

  Iteration iteration(const AnyHollowNet& net, int64_t step) override {
    const auto rows = loader_.indices(step / loader_.batches(), step % loader_.batches());
    std::vector<Tensor> batch;
    for (const Tensor& x : observed_) batch.push_back(index_select(x, 0, rows));
    return {.term = autonomous(net),
            .start = {batch[0]},
            .times = times_,
            .loss = [batch](const std::vector<State>& solution) {
              Tensor sum;
              for (size_t k = 1; k < batch.size(); ++k) {
                const Tensor part = mean(square(solution[k][0] - batch[k]));
                sum = sum.defined() ? sum + part : part;
              }
              return sum / static_cast<double>(batch.size() - 1);
            }};
  }

 private:
  static constexpr double ratio = 4;  // of neighboring times, to observe fast and slow modes

  DataLoader loader_;
  std::vector<double> times_;
  std::vector<Tensor> observed_;  // (rows, d) at each of the times
};

}  // namespace

std::unique_ptr<Task> make_trajectory_task(const TaskSettings& settings, DType dtype) {
  return std::make_unique<TrajectoryTask>(settings, dtype);
}

}  // namespace dimwise::app::ode
