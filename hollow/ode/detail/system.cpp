#include "hollow/ode/detail/system.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "autodiff/node.hpp"
#include "autodiff/tape.hpp"
#include "hollow/solve/linear/jacobian.hpp"
#include "ops/layout.hpp"
#include "ops/linear_combination.hpp"

namespace dimwise::ode {

void check_structure(const State& k, const State& y) {
  if (k.size() != y.size())
    fail<ShapeError>("odeint", "f returned ", k.size(), " tensors for a state of ", y.size(),
                     ". Return one derivative for each.");
  for (size_t i = 0; i < y.size(); ++i) {
    if (!k[i].defined())
      fail<ValueError>("odeint", "f returned an undefined derivative of state tensor ", i, ". Return zeros_like.");
    if (k[i].shape() != y[i].shape())
      fail<ShapeError>("odeint", "f returned shape ", k[i].shape(), " for state tensor ", i, " of shape ", y[i].shape(),
                       ". They must be equal.");
    if (k[i].dtype() != y[i].dtype())
      fail<DTypeError>("odeint", "f returned ", k[i].dtype(), " for state tensor ", i, " of ", y[i].dtype(),
                       ". t is float64 whatever the state's dtype. Cast it with astype(k, DType::", y[i].dtype(), ").");
  }
}

namespace {

// The shape of a tensor's unknowns: a scalar is a row of one.
Shape row_shape(const Tensor& y) { return y.rank() == 0 ? Shape{1} : y.shape(); }

// All unknowns have the rows of the first one.
const Tensor& first_unknown(const State& y0, const OdeOptions& options) {
  for (size_t i = 0; i < y0.size(); ++i)
    if (i >= options.quadratures.size() || !options.quadratures[i]) return y0[i];
  return y0[0];
}

Tensor as_rows(const Tensor& y) { return y.rank() == 0 ? reshape(y, {1}) : y; }

}  // namespace

System::System(const OdeTerm& term, const State& y0, const OdeOptions& options)
    : options(options),
      norm(y0, options),
      unknown_norm({first_unknown(y0, options)}, {.per_sample = options.per_sample}),
      term_(term) {
  for (const Tensor& y : y0) like_.push_back(stop_gradient(y));
  for (size_t i = 0; i < y0.size(); ++i)
    if (!quadrature(i)) unknowns_.push_back(i);
}

int64_t System::unknowns() const {
  int64_t n = 0;
  for (const size_t i : unknowns_) n += row_shape(like_[i]).dim(-1);
  return n;
}

void System::count() {
  if (statistics.evaluations >= options.max_evaluations) throw OutOfEvaluations();
  ++statistics.evaluations;
}

State System::f(double t, const State& y) {
  count();
  State k = term_.f(scalar(t, DType::float64), y);
  check_structure(k, like_);
  return k;
}

Tensor System::pack(const State& y) const {
  if (unknowns_.size() == 1) return as_rows(y[unknowns_[0]]);
  std::vector<Tensor> parts;
  for (const size_t i : unknowns_) parts.push_back(as_rows(y[i]));
  return concat(parts, -1);
}

State System::unpack(const Tensor& u, const State& like) const {
  State y = like;
  int64_t offset = 0;
  for (const size_t i : unknowns_) {
    const int64_t width = row_shape(like[i]).dim(-1);
    const Tensor part = unknowns_.size() == 1 ? u : slice(u, -1, offset, offset + width);
    y[i] = like[i].rank() == 0 ? reshape(part, {}) : part;
    offset += width;
  }
  return y;
}

System::WithDiagonal System::with_diagonal(double t, const State& y) {
  const NoGrad guard;
  ++statistics.diagonals;
  if (!term_.with_diagonal) {
    State k = f(t, y);
    return {std::move(k), diagonal(jacobian(t, y))};
  }
  count();
  ValueAndDiagonal both = term_.with_diagonal(scalar(t, DType::float64), y);
  check_structure(both.f, like_);
  both.d.resize(like_.size());
  for (const size_t i : unknowns_)
    if (!both.d[i].defined()) both.d[i] = zeros_like(like_[i]);
  return {std::move(both.f), pack(both.d)};
}

std::pair<Tensor, State> System::recorded(double t, const State& y) {
  const EnableGrad guard;
  Tensor leaf = track(pack(y));
  State k = term_.f(scalar(t, DType::float64), unpack(leaf, y));
  check_structure(k, like_);
  return {std::move(leaf), std::move(k)};
}

Tensor System::jacobian(double t, const State& y) {
  ++statistics.jacobians;
  const NoGrad guard;
  if (term_.jacobian) return term_.jacobian(scalar(t, DType::float64), y);
  const auto [leaf, k] = recorded(t, y);
  Tensor out;
  {
    const EnableGrad guard;
    out = pack(k);
  }
  if (!out.tracked()) return zeros(leaf.shape().with(leaf.rank(), leaf.dim(-1)), leaf.dtype());
  return row_jacobian(Tape({out}, {leaf}, {.cut_at_inputs = true}));
}

System::Linearized System::linearize(double t, const State& y) {
  count();
  const auto [leaf, k] = recorded(t, y);
  Tensor out;
  {
    const EnableGrad guard;
    out = pack(k);
  }
  State untracked;
  for (const Tensor& part : k) untracked.push_back(stop_gradient(part));
  if (!out.tracked())
    return {std::move(untracked), [this](const Tensor& v) {
              ++statistics.products;
              return zeros_like(v);
            }};
  const auto tape = std::make_shared<const Tape>(std::vector<Tensor>{out}, std::vector<Tensor>{leaf},
                                                 Tape::Options{.cut_at_inputs = true});
  return {std::move(untracked), [this, tape](const Tensor& v) {
            ++statistics.products;
            const NoGrad guard;
            return tape->push({v})[0];
          }};
}

bool records(const State& y, const State& derivative) {
  const auto any = [](const State& s) {
    return std::any_of(s.begin(), s.end(), [](const Tensor& t) { return t.tracked(); });
  };
  return recording() && (any(y) || any(derivative));
}

State combination(const std::vector<const State*>& states, const std::vector<double>& coefficients) {
  State sum;
  std::vector<Tensor> terms;
  std::vector<double> numbers;
  for (size_t i = 0; i < states[0]->size(); ++i) {
    terms.clear();
    numbers.clear();
    for (size_t j = 0; j < states.size(); ++j) {
      if (coefficients[j] == 0) continue;
      terms.push_back((*states[j])[i]);
      numbers.push_back(coefficients[j]);
    }
    if (terms.empty())
      sum.push_back(zeros_like((*states[0])[i]));
    else
      sum.push_back(terms.size() == 1 && numbers[0] == 1 ? terms[0] : linear_combination(terms, numbers));
  }
  return sum;
}

}  // namespace dimwise::ode
