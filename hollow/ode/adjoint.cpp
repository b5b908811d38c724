#include "hollow/ode/adjoint.hpp"

#include <algorithm>

#include "autodiff/error.hpp"
#include "autodiff/record.hpp"
#include "autodiff/tape.hpp"
#include "hollow/ode/solve.hpp"
#include "ops/layout.hpp"

namespace dimwise::ode {

namespace {

// One record gives one tensor: states are packed into a 1-d one and taken apart again by recorded ops.
Tensor pack(const State& parts) {
  State flat;
  for (const Tensor& part : parts) flat.push_back(reshape(part, {part.size()}));
  return flat.size() == 1 ? flat[0] : concat(flat, 0);
}

// The part of `flat` that starts at `offset` (which is moved on), in the shape of `like`.
Tensor unpack(const Tensor& flat, int64_t& offset, const Tensor& like) {
  const int64_t start = offset;
  offset += like.size();
  return reshape(like.size() == flat.size() ? flat : slice(flat, 0, start, offset), like.shape());
}

// What the forward solve leaves for the pulls.
struct Kept {
  OdeTerm term;
  OdeOptions options;
  std::vector<double> times;  // those that were reached
  size_t tensors;             // of the state: the first inputs of the record; the others are captured
  Trajectory trajectory;
  Tensor value;
  std::shared_ptr<OdeStatistics> statistics;
};

struct Backward {
  Attributes kept;
  bool captured;  // whether the gradients of captured tensors are wanted
};

[[noreturn]] void once_only() {
  fail<ValueError>("odeint_adjoint",
                   "the adjoint is once differentiable, and a derivative of its gradient was asked for. Use "
                   "gradient = OdeGradient::direct.");
}

// (a, a_θ)' at t.
State adjoint_field(const Kept& kept, const std::vector<Tensor>& captured, const Tensor& t, const State& state) {
  State inputs, derivative;
  for (const Tensor& y : kept.trajectory.at(t.item())) inputs.push_back(track(y));
  {
    const Recording on(true);
    derivative = kept.term.f(t, inputs);
  }
  check_structure(derivative, inputs);
  inputs.insert(inputs.end(), captured.begin(), captured.end());
  const Tape tape(derivative, inputs, {.cut_at_inputs = true});
  if (!captured.empty() && tape.entered())
    fail<ValueError>("odeint_adjoint", "at t = ", t.item(),
                     " f captures a tracked tensor that it did not capture at times[0], so its gradient would be lost. "
                     "Use gradient = OdeGradient::direct.");
  std::vector<Tensor> cotangents;
  for (size_t i = 0; i < kept.tensors; ++i) cotangents.push_back(neg(state[i]));
  return tape.pull(cotangents);
}

// How the adjoint of the interval from times[i − 1] to times[i] is solved.
OdeOptions backward_options(const Kept& kept, size_t i, size_t captured) {
  OdeOptions options = kept.options;
  if (!options.adjoint_method.empty()) options.method = options.adjoint_method;
  if (options.adjoint_rtol > 0) options.rtol = options.adjoint_rtol;
  if (options.adjoint_atol > 0) options.atol = options.adjoint_atol;
  options.controlled.assign(kept.tensors, true);
  options.controlled.resize(kept.tensors + captured, false);
  options.quadratures.assign(kept.tensors, false);
  options.quadratures.resize(kept.tensors + captured, true);
  options.grid.clear();
  options.dt = 0;
  options.rtols = options.atols = {};
  options.events = {};
  options.dense = false;
  options.orders.clear();
  if (options.steps == 0 && is_adaptive(options.method)) return options;
  // Without control, the forward solve's own steps.
  options.steps = 0;
  const double from = kept.times[i], to = kept.times[i - 1];
  const auto& pieces = kept.trajectory.pieces;
  options.grid.push_back(from);
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece)
    if ((piece->t - from) * (piece->t - to) < 0) options.grid.push_back(piece->t);
  options.grid.push_back(to);
  return options;
}

// The gradient that inputs[0], the cotangent of the packed solution, sends to y0 and to the captured tensors.
const Op odeint_adjoint_backward_op = [] {
  Op op{"odeint_adjoint_backward", Kind::general, nullptr, nullptr, nullptr};
  op.forward = [](std::span<const Tensor> in, const Attributes& attributes) {
    const auto& how = as<Backward>(attributes);
    const auto& kept = as<Kept>(how.kept);
    const Recording off(false);
    const std::vector<Tensor> y0(in.begin() + 1, in.begin() + 1 + static_cast<std::ptrdiff_t>(kept.tensors));
    std::vector<Tensor> captured;
    if (how.captured) captured.assign(in.begin() + 1 + static_cast<std::ptrdiff_t>(kept.tensors), in.end());
    const VectorField field = [&](const Tensor& t, const State& state) {
      return adjoint_field(kept, captured, t, state);
    };

    State state;
    for (const Tensor& y : y0) state.push_back(zeros_like(y));
    for (const Tensor& c : captured) state.push_back(zeros_like(c));
    double dt = 0;
    for (size_t i = kept.times.size() - 1; i > 0; --i) {
      int64_t offset = static_cast<int64_t>(i - 1) * (in[0].size() / static_cast<int64_t>(kept.times.size() - 1));
      for (size_t j = 0; j < kept.tensors; ++j) state[j] = add(state[j], unpack(in[0], offset, y0[j]));
      OdeOptions options = backward_options(kept, i, captured.size());
      if (options.grid.empty()) options.dt = dt;
      const OdeSolution solution = solve(field, state, {kept.times[i], kept.times[i - 1]}, options);
      OdeStatistics& sum = *kept.statistics;
      sum += solution.statistics;
      dt = sum.next_dt;
      if (solution.status != OdeStatus::success) fail<SolverError>("odeint_adjoint", solution.message);
      state = solution.y.back();
    }
    const Tensor flat = pack(state);
    return share(flat, flat.shape());
  };
  op.vjp = [](const Call&, const Tensor&, Cotangents&) { once_only(); };
  op.jet = [](const Call&, std::span<const Series>) -> Series { once_only(); };
  return op;
}();

const Op odeint_adjoint_op = [] {
  Op op{"odeint_adjoint", Kind::general, nullptr, nullptr, nullptr};
  op.forward = [](std::span<const Tensor>, const Attributes& attributes) {
    const Tensor& value = as<Kept>(attributes).value;
    return share(value, value.shape());
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    const size_t tensors = as<Kept>(call.attributes).tensors;
    bool captured = false;
    for (size_t i = tensors; i < call.inputs.size(); ++i) captured = captured || result.wanted(i);
    std::vector<Tensor> inputs{w};
    inputs.insert(inputs.end(), call.inputs.begin(), call.inputs.end());
    const Tensor flat =
        apply(odeint_adjoint_backward_op, Operands(inputs), attributes(Backward{call.attributes, captured}));
    int64_t offset = 0;
    for (size_t i = 0; i < (captured ? call.inputs.size() : tensors); ++i) {
      if (result.wanted(i))
        result.set(i, unpack(flat, offset, call.inputs[i]));
      else
        offset += call.inputs[i].size();
    }
  };
  return op;
}();

}  // namespace

OdeSolution solve_adjoint(const OdeTerm& term, const State& y0, const std::vector<double>& times,
                          const OdeOptions& options) {
  if (!recording() || times.front() == times.back()) return solve(term, y0, times, options);
  check_arguments(y0, times, options);
  // The first evaluation is recorded, to see which tracked tensors f captures.
  const uint64_t begin = next_sequence();
  State start, leaves, k1;
  for (const Tensor& y : y0) {
    start.push_back(stop_gradient(y));
    leaves.push_back(track(start.back()));
  }
  std::vector<Tensor> inputs = y0;
  for (const Tensor& k : term.f(scalar(times[0], y0[0].dtype()), leaves)) {
    k1.push_back(stop_gradient(k));
    for (const Tensor& c : captured(k, leaves, begin))
      if (std::none_of(inputs.begin() + static_cast<std::ptrdiff_t>(y0.size()), inputs.end(),
                       [&](const Tensor& known) { return known.node() == c.node(); }))
        inputs.push_back(c);
  }
  check_structure(k1, y0);

  auto kept = std::make_shared<Kept>(Kept{term, options, {}, y0.size(), {}, {}, std::make_shared<OdeStatistics>()});
  OdeSolution solution;
  {
    const Recording off(false);
    solution = solve(term, start, times, options, k1, &kept->trajectory);
    ++solution.statistics.evaluations;
    State reached;
    for (size_t i = 1; i < solution.y.size(); ++i)
      reached.insert(reached.end(), solution.y[i].begin(), solution.y[i].end());
    if (!reached.empty()) kept->value = pack(reached);
  }
  solution.y[0] = y0;
  solution.adjoint = kept->statistics;
  if (solution.y.size() == 1) return solution;
  kept->times.assign(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(solution.y.size()));
  const Tensor flat = apply(odeint_adjoint_op, Operands(inputs), kept);
  int64_t offset = 0;
  for (size_t i = 1; i < solution.y.size(); ++i)
    for (size_t j = 0; j < y0.size(); ++j) solution.y[i][j] = unpack(flat, offset, y0[j]);
  return solution;
}

}  // namespace dimwise::ode
