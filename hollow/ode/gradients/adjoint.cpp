#include "hollow/ode/gradients/adjoint.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "autodiff/detail/packing.hpp"
#include "autodiff/detail/rules.hpp"
#include "autodiff/tape.hpp"
#include "hollow/ode/detail/solve.hpp"
#include "hollow/ode/gradients/outputs.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"

namespace dimwise::ode {

namespace {

// What the forward solve leaves for the pulls.
struct Kept {
  OdeTerm term;
  OdeOptions options;
  std::vector<double> times;  // those that were reached
  size_t tensors;             // of the state: the first inputs of the record; the others are captured
  State like;                 // the state at the start
  std::shared_ptr<const DenseOutput> trajectory;  // null for backsolve
  std::vector<double> grid;
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

[[noreturn]] void captured_late(double t) {
  fail<ValueError>("odeint_adjoint", "at t = ", t,
                   " f captures a tracked tensor that it did not capture at times[0], so its gradient would be lost. "
                   "Use gradient = OdeGradient::direct.");
}

// The backward problem: (a, a_θ)' = −(a, a_θ)ᵀ ∂f/∂(y, θ) along the stored solution, or, solved backwards with it, y.
class Adjoint {
 public:
  // `known`: what f captured at the start.
  Adjoint(const Kept& kept, std::vector<Tensor> known, bool wanted)
      : kept_(kept),
        known_(std::move(known)),
        captured_(wanted ? known_ : std::vector<Tensor>()),
        backsolve_(kept.options.gradient == OdeGradient::backsolve),
        split_(kept.term.nonstiff && is_imex(method(kept.options))),
        implicit_(split_ ? kept.term.f : VectorField(kept.term)) {
    const auto forward = std::make_shared<System>(kept.term, kept.like, forward_options(kept.options));
    forward_ = split_ ? forward->stiff() : forward;
  }

  // Split as the forward problem, if the method splits.
  OdeTerm term() {
    OdeTerm term{[this](const Tensor& t, const State& state) { return field(implicit_, t, state); },
                 [this](const Tensor& t, const State& state) { return with_diagonal(t, state); }};
    if (split_)
      term.nonstiff = [this](const Tensor& t, const State& state) { return field(kept_.term.nonstiff, t, state); };
    return term;
  }

  // Of y and a; how a' depends on y is left out, which Newton's iteration makes up for.
  Jacobian jacobian(double t, const State& state, bool dense) {
    const Jacobian j = forward_->jacobian(t, solution(t, state), dense);
    if (j.sparse) return {.sparse = sparse_jacobian(*j.sparse)};
    if (!j.defined()) return {};
    Tensor adjoint = neg(transpose(j.dense));
    if (!backsolve_) return {.dense = adjoint};
    const Tensor zero = zeros_like(j.dense);
    return {.dense = concat({concat({j.dense, zero}, -1), concat({zero, adjoint}, -1)}, -2)};
  }

  // Of the Jacobians of the forward problem.
  int64_t products() const { return forward_->statistics.products; }

  // The state: y if it is solved backwards, a, a_θ.
  size_t before() const { return backsolve_ ? kept_.tensors : 0; }

  // Those whose gradients are wanted: a_θ.
  const std::vector<Tensor>& wanted() const { return captured_; }

  // How the interval from times[i] back to times[i − 1] is solved.
  OdeOptions options(size_t i) const {
    OdeOptions options = kept_.options;
    options.method = method(options);
    if (!options.adjoint.corrector.empty()) options.implicit.corrector = options.adjoint.corrector;
    if (options.adjoint.rtol > 0) options.rtol = options.adjoint.rtol;
    if (options.adjoint.atol > 0) options.atol = options.adjoint.atol;
    // The adjoint of a quadrature does not change: f does not read it.
    std::vector<bool> quadratures = kept_.options.quadratures;
    quadratures.resize(kept_.tensors, false);
    options.quadratures = backsolve_ ? quadratures : std::vector<bool>{};
    options.quadratures.insert(options.quadratures.end(), quadratures.begin(), quadratures.end());
    options.quadratures.resize(before() + kept_.tensors + captured_.size(), true);
    options.controlled.assign(before() + kept_.tensors, true);
    options.controlled.resize(options.quadratures.size(), kept_.options.adjoint.controls_parameters);
    options.rtols = tolerances(options.rtols, options.adjoint.rtol);
    options.atols = tolerances(options.atols, options.adjoint.atol);
    options.events = {};
    options.on_step = nullptr;
    options.steady_state = 0;
    options.non_negative = {};
    options.replay.grid.clear();
    options.replay.orders.clear();
    options.dt = 0;
    if (options.steps == 0 && is_adaptive(options.method)) return options;
    // Without control, the forward solve's own steps.
    options.steps = 0;
    const double from = kept_.times[i], to = kept_.times[i - 1];
    options.replay.grid.push_back(from);
    for (auto t = kept_.grid.rbegin(); t != kept_.grid.rend(); ++t)
      if ((*t - from) * (*t - to) < 0) options.replay.grid.push_back(*t);
    options.replay.grid.push_back(to);
    return options;
  }

 private:
  static std::string method(const OdeOptions& options) {
    return options.adjoint.method.empty() ? options.method : options.adjoint.method;
  }

  // The forward problem's own f is looked at here; its budgets are not.
  static OdeOptions forward_options(OdeOptions options) {
    options.max_evaluations = std::numeric_limits<int64_t>::max();
    return options;
  }

  // Those of y hold for a, too, unless the adjoint has one of its own.
  State tolerances(const State& forward, double own) const {
    if (forward.empty() || own > 0) return {};
    State all = forward;
    if (backsolve_) all.insert(all.end(), forward.begin(), forward.end());
    all.resize(before() + kept_.tensors + captured_.size());
    return all;
  }

  State solution(double t, const State& state) const {
    if (!backsolve_) return kept_.trajectory->at(t);
    return {state.begin(), state.begin() + static_cast<std::ptrdiff_t>(kept_.tensors)};
  }

  State field(const VectorField& f, const Tensor& t, const State& state) {
    State inputs, derivative;
    const uint64_t begin = next_sequence();
    for (const Tensor& y : solution(t.item(), state)) inputs.push_back(track(y));
    {
      const EnableGrad guard;
      derivative = f(t, inputs);
    }
    check_structure(derivative, inputs);
    inputs.insert(inputs.end(), captured_.begin(), captured_.end());
    const Tape tape(derivative, inputs, {.cut_at_inputs = true});
    if (tape.has_captures() && (!captured_.empty() || captures_more(derivative, inputs, begin)))
      captured_late(t.item());
    std::vector<Tensor> cotangents;
    for (size_t i = 0; i < kept_.tensors; ++i) cotangents.push_back(neg(state[before() + i]));
    State result;
    if (backsolve_)
      for (const Tensor& k : derivative) result.push_back(stop_gradient(k));
    for (const Tensor& g : tape.pull(cotangents)) result.push_back(astype(g, state[0].dtype()));
    return result;
  }

  // Whether f captures tensors other than those whose gradients are known not to be wanted.
  bool captures_more(const State& derivative, const State& inputs, uint64_t begin) const {
    for (const Tensor& k : derivative)
      for (const Tensor& c : captured(k, inputs, begin))
        if (std::none_of(known_.begin(), known_.end(), [&](const Tensor& known) { return known.node() == c.node(); }))
          return true;
    return false;
  }

  // The diagonal of the adjoint is −D f, the very vector of the forward problem: Chen & Duvenaud (2019), section 3.
  ValueAndDiagonal with_diagonal(const Tensor& t, const State& state) {
    const State y = solution(t.item(), state);
    const Tensor d = forward_->with_diagonal(t.item(), y).d;
    ValueAndDiagonal result{field(implicit_, t, state), {}};
    result.d.resize(result.f.size());
    const State forwards = forward_->unpack(d, y), backwards = forward_->unpack(neg(d), y);
    for (size_t i = 0; i < kept_.tensors; ++i) {
      if (forward_->quadrature(i)) continue;
      if (backsolve_) result.d[i] = forwards[i];
      result.d[before() + i] = backwards[i];
    }
    return result;
  }

  SparseMatrix sparse_jacobian(const SparseMatrix& j) const {
    SparseMatrix adjoint = j.transposed();
    adjoint.values = neg(adjoint.values);
    return backsolve_ ? block_diagonal(j, adjoint) : adjoint;
  }

  const Kept& kept_;
  std::vector<Tensor> known_, captured_;
  bool backsolve_, split_;
  VectorField implicit_;  // what the Jacobian is of: the stiff part, or all
  std::shared_ptr<System> forward_;
};

// Solved backwards, a flow that contracts explodes: the start tells.
void check_reproduced(const Kept& kept, const State& state) {
  const double most = 1000;
  const Norm norm(kept.like, kept.options);
  const State y(state.begin(), state.begin() + static_cast<std::ptrdiff_t>(kept.tensors));
  State difference;
  for (size_t j = 0; j < kept.tensors; ++j) difference.push_back(sub(y[j], kept.like[j]));
  const double off = norm(difference, norm.weights(kept.like));
  if (!(off <= most))
    fail<SolverError>("odeint_adjoint", "solved backwards, the solution ends ", off,
                      " tolerances from y(t0), and its gradient would be wrong: the flow contracts too "
                      "strongly for OdeGradient::backsolve. Use OdeGradient::adjoint.");
}

// The gradient that in[0], the cotangent of the packed solution, sends to y0 and, if wanted, to the captured tensors.
Tensor solve_backwards(const Kept& kept, std::span<const Tensor> in, bool wanted) {
  const std::vector<Tensor> y0(in.begin() + 1, in.begin() + 1 + static_cast<std::ptrdiff_t>(kept.tensors));
  Adjoint adjoint(kept, {in.begin() + 1 + static_cast<std::ptrdiff_t>(kept.tensors), in.end()}, wanted);
  const auto end = [&](size_t i, size_t j) {  // tensor j of the solution at times[i]
    int64_t offset = static_cast<int64_t>(i - 1) * (kept.value.size() / static_cast<int64_t>(kept.times.size() - 1));
    for (size_t k = 0; k < j; ++k) offset += y0[k].size();
    return std::pair{unpack(kept.value, offset, y0[j]), offset};
  };

  State state;
  if (adjoint.before() > 0) state = y0;
  for (const Tensor& y : y0) state.push_back(zeros_like(y));
  for (const Tensor& c : adjoint.wanted()) state.push_back(zeros(c.shape(), y0[0].dtype()));
  double dt = 0;
  for (size_t i = kept.times.size() - 1; i > 0; --i) {
    for (size_t j = 0; j < kept.tensors; ++j) {
      auto [y, offset] = end(i, j);
      offset -= y0[j].size();
      Tensor& a = state[adjoint.before() + j];
      a = add(a, unpack(in[0], offset, y0[j]));
      if (adjoint.before() > 0) state[j] = y;
    }
    if (kept.times[i] == kept.times[i - 1]) continue;
    OdeOptions options = adjoint.options(i);
    if (options.replay.grid.empty()) options.dt = dt;
    check_arguments(state, {kept.times[i], kept.times[i - 1]}, options);
    const OdeSolution solution =
        solve(adjoint.term(), state, {kept.times[i], kept.times[i - 1]}, options, {}, {},
              [&](double t, const State& s, bool dense) { return adjoint.jacobian(t, s, dense); });
    OdeStatistics& sum = *kept.statistics;
    sum += solution.statistics;
    dt = sum.next_dt;
    if (solution.status != OdeStatus::success) fail<SolverError>("odeint_adjoint", solution.message);
    state = solution.y.back();
  }
  kept.statistics->products += adjoint.products();
  if (adjoint.before() > 0) {
    check_reproduced(kept, state);
    state.erase(state.begin(), state.begin() + static_cast<std::ptrdiff_t>(adjoint.before()));
  }
  return pack(state);
}

const Op odeint_adjoint_backward_op = [] {
  Op op{"odeint_adjoint_backward"};
  op.mixed = MixedDTypes::kept;
  op.forward = [](std::span<const Tensor> in, const Attributes& attributes) {
    const auto& how = as<Backward>(attributes);
    const auto& kept = as<Kept>(how.kept);
    const NoGrad guard;
    Tensor flat;
    try {
      flat = solve_backwards(kept, in, how.captured);
    } catch (const RowsAreCoupled&) {
      Kept full = kept;
      full.options.implicit.coupling = RowCoupling::full;
      flat = solve_backwards(full, in, how.captured);
    }
    return share(flat, flat.shape());
  };
  op.vjp = [](const Call&, const Tensor&, Cotangents&) { once_only(); };
  op.jet = [](const Call&, std::span<const Series>) -> Series { once_only(); };
  return op;
}();

const Op odeint_adjoint_op = [] {
  Op op{"odeint_adjoint"};
  op.mixed = MixedDTypes::kept;
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
                          const OdeOptions& options, const OdeStatistics& before,
                          std::shared_ptr<OdeStatistics> backward) {
  // The first evaluation is recorded, to see which tracked tensors f captures.
  const uint64_t begin = next_sequence();
  const Tensor t0 = scalar(times[0], DType::float64);
  State start, leaves, k1;
  for (const Tensor& y : y0) {
    start.push_back(stop_gradient(y));
    leaves.push_back(track(start.back()));
  }
  std::vector<Tensor> inputs = y0;
  const State first = term(t0, leaves);
  check_structure(first, y0);
  for (const Tensor& k : first) {
    k1.push_back(stop_gradient(k));
    for (const Tensor& c : captured(k, leaves, begin))
      if (std::none_of(inputs.begin() + static_cast<std::ptrdiff_t>(y0.size()), inputs.end(),
                       [&](const Tensor& known) { return known.node() == c.node(); }))
        inputs.push_back(c);
  }

  auto kept = std::make_shared<Kept>(Kept{term, options, {}, y0.size(), start, {}, {}, {}, std::move(backward)});
  OdeSolution solution;
  if (any_tracked(inputs)) check_recorded(term, t0, leaves, first);
  // If nothing is tracked at the start, f is recorded all the way, to see that this stays so.
  const bool untracked = !any_tracked(inputs);
  const auto watch = [](const VectorField& f) -> VectorField {
    return [&f](const Tensor& t, const State& y) {
      const EnableGrad record;
      State k = f(t, y);
      if (any_tracked(k) && !any_tracked(y)) captured_late(t.item());
      return k;
    };
  };
  OdeTerm forward_term = term;
  if (untracked) forward_term.f = watch(term.f);
  if (untracked && term.nonstiff) forward_term.nonstiff = watch(term.nonstiff);
  {
    const NoGrad guard;
    OdeOptions forward = options;
    forward.dense = options.dense || options.gradient == OdeGradient::adjoint;
    OdeStatistics counted = before;
    ++counted.evaluations;
    if (term.nonstiff) ++counted.nonstiff_evaluations;
    solution = solve(forward_term, start, times, forward, counted, k1);
    kept->trajectory = solution.trajectory;
    kept->grid = solution.grid;
  }
  solution.y[0] = y0;
  solution.adjoint = kept->statistics;
  if (!options.dense) solution.trajectory = nullptr;
  const Outputs outputs = outputs_in_order(solution, 1, 0);
  if (outputs.y.empty()) return solution;
  kept->times = {times[0]};
  kept->times.insert(kept->times.end(), outputs.t.begin(), outputs.t.end());
  State reached;
  for (const State* y : outputs.y) reached.insert(reached.end(), y->begin(), y->end());
  kept->value = pack(reached);
  const Tensor flat = apply(odeint_adjoint_op, Operands(inputs), kept);
  int64_t offset = 0;
  for (State* y : outputs.y)
    for (size_t j = 0; j < y0.size(); ++j) (*y)[j] = unpack(flat, offset, y0[j]);
  return solution;
}

}  // namespace dimwise::ode
