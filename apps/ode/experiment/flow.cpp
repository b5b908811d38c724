#include "apps/common/cnf/dataset.hpp"
#include "apps/ode/experiment/task.hpp"
#include "hollow/flow/cnf.hpp"
#include "nn/data/standardizer.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::ode {

namespace {

// The density fit of a Hollow-CNF with exact trace: data at t = T, base at t = 0, so that solving runs backwards.
class FlowTask : public Task {
 public:
  FlowTask(const TaskSettings& s, DType dtype)
      : data_(cnf::load_dataset({.data = s.data, .table = s.table, .seed = s.seed})),
        batches_(data_, s.seed, s.batch, dtype),
        standardizer_(fit_standardizer(data_.train, data_.columns, DType::float64)),
        dtype_(dtype),
        end_time_(s.end_time) {}

  int64_t dimension() const override { return data_.train.dim(1); }
  bool uses_time() const override { return true; }
  std::string data_sha256() const override { return data_.sha256; }
  std::string loss_name() const override { return "negative log-likelihood, nats"; }

  Iteration iteration(const AnyHollowNet& net, int64_t step) override {
    const auto prepared = net.prepare();
    const auto both = [prepared](const Tensor& t, const State& y) -> ValueAndDiagonal {
      const Dynamics d = dynamics(prepared.at(t), y[0], Trace::exact);
      return {{d.f, unsqueeze(d.trace, -1)}, {d.diagonal, {}}};
    };
    const Tensor x = astype(standardizer_.forward(astype(batches_(step), DType::float64)), dtype_);
    return {.term = {[both](const Tensor& t, const State& y) { return both(t, y).f; }, both},
            .start = {x, zeros({x.dim(0), 1}, x.dtype())},
            .times = {end_time_, 0},
            .quadratures = {false, true},
            .loss = [log_det = standardizer_.log_det()](const std::vector<State>& solution) {
              const State& end = solution.back();
              return -mean(base_log_prob(end[0]) + squeeze(end[1], -1) + log_det);
            }};
  }

 private:
  cnf::Dataset data_;
  cnf::Batches batches_;
  Standardizer standardizer_;
  DType dtype_;
  double end_time_;
};

}  // namespace

std::unique_ptr<Task> make_flow_task(const TaskSettings& settings, DType dtype) {
  return std::make_unique<FlowTask>(settings, dtype);
}

}  // namespace dimwise::app::ode
