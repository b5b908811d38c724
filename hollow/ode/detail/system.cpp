#include "hollow/ode/detail/system.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "autodiff/node.hpp"
#include "autodiff/tape.hpp"
#include "hollow/solve/linear/jacobian.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/linear_combination.hpp"
#include "ops/reduce.hpp"

namespace dimwise::ode {

void check_structure(const State& k, const State& y, const char* function) {
  if (k.size() != y.size())
    fail<ShapeError>("odeint", function, " returned ", k.size(), " tensors for a state of ", y.size(),
                     ". Return one derivative for each.");
  for (size_t i = 0; i < y.size(); ++i) {
    if (!k[i].defined())
      fail<ValueError>("odeint", function, " returned an undefined derivative of state tensor ", i,
                       ". Return zeros_like.");
    if (k[i].shape() != y[i].shape())
      fail<ShapeError>("odeint", function, " returned shape ", k[i].shape(), " for state tensor ", i, " of shape ",
                       y[i].shape(), ". They must be equal.");
    if (k[i].dtype() != y[i].dtype())
      fail<DTypeError>("odeint", function, " returned ", k[i].dtype(), " for state tensor ", i, " of ", y[i].dtype(),
                       ". t is float64 whatever the state's dtype. Cast it with astype(k, DType::", y[i].dtype(), ").");
  }
}

bool any_tracked(const State& s) {
  return std::any_of(s.begin(), s.end(), [](const Tensor& t) { return t.tracked(); });
}

void check_recorded(const OdeTerm& term, const Tensor& t, const State& y, const State& k) {
  if (!any_tracked(y) || any_tracked(k)) return;
  const NoGrad guard;
  State other;
  for (const Tensor& part : y) other.push_back(part.tracked() ? part * 1.001 + 0.001 : part);
  const State changed = term(t, other);
  for (size_t i = 0; i < k.size(); ++i)
    if (changed[i].values() != k[i].values())
      fail<ValueError>(
          "odeint", "f computes tensor ", i,
          " from a tracked y outside of the tape, so its gradient would be lost. Compute it by ops, give it "
          "a derivative with custom(), or solve under NoGrad.");
}

namespace {

std::vector<double> unit(int64_t n, int64_t j) {
  std::vector<double> e(static_cast<size_t>(n), 0);
  e[static_cast<size_t>(j)] = 1;
  return e;
}

// All unknowns have the rows of the first one.
const Tensor& first_unknown(const State& y0, const OdeOptions& options) {
  for (size_t i = 0; i < y0.size(); ++i)
    if (i >= options.quadratures.size() || !options.quadratures[i]) return y0[i];
  return y0[0];
}

// The sum of a split term, whose Jacobian is not known.
OdeTerm whole(const OdeTerm& term) {
  if (!term.nonstiff) return term;
  return [term](const Tensor& t, const State& y) { return term(t, y); };
}

// The term's mass matrix for a row of unknowns.
std::optional<SparseMatrix> mass_of(const OdeTerm& term, const State& y0, const OdeOptions& options) {
  if (!term.mass) return std::nullopt;
  const bool full = options.implicit.coupling == RowCoupling::full;
  int64_t n = 0, parts = 0;
  for (size_t i = 0; i < y0.size(); ++i) {
    if (i < options.quadratures.size() && options.quadratures[i]) continue;
    n += y0[i].rank() == 0 || full ? y0[i].size() : y0[i].dim(-1);
    ++parts;
  }
  SparseMatrix mass{term.mass->pattern, astype(term.mass->values, y0[0].dtype())};
  const int64_t size = mass.pattern.size();
  if (size == n) return mass;
  // Rows that depend on each other have the mass matrix of a row each.
  if (full && parts == 1 && y0[0].rank() > 0 && size == first_unknown(y0, options).dim(-1)) {
    SparseMatrix all = mass;
    while (all.pattern.size() < n) all = block_diagonal(all, mass);
    return all;
  }
  fail<ShapeError>(
      "odeint", "the mass matrix is ", size, " × ", size, ", but a row of unknowns has ", n,
      ". They are all state tensors along their last axis, without quadratures; with RowCoupling::full, or "
      "if rows depend on each other, the whole state.");
}

}  // namespace

System::System(const OdeTerm& term, const State& y0, const OdeOptions& options, const OdeStatistics& before,
               JacobianFunction jacobian)
    : options(options),
      mass(mass_of(term, y0, options)),
      norm(y0, options),
      unknown_norm({first_unknown(y0, options)},
                   {.per_sample = options.per_sample && options.implicit.coupling != RowCoupling::full}),
      shared_statistics(std::make_shared<OdeStatistics>(before)),
      parts_(term),
      term_(whole(term)),
      counters_(term.nonstiff ? Counters{&OdeStatistics::evaluations, &OdeStatistics::nonstiff_evaluations}
                              : Counters{&OdeStatistics::evaluations}),
      jacobian_(std::move(jacobian)),
      structure_(term_.sparsity),
      coupling_(options.implicit.coupling) {
  for (const Tensor& y : y0) like_.push_back(stop_gradient(y));
  for (size_t i = 0; i < y0.size(); ++i)
    if (!quadrature(i)) unknowns_.push_back(i);
}

std::shared_ptr<System> System::part(OdeTerm term, const char* function, Counters counters) const {
  auto part = std::make_shared<System>(*this);
  part->parts_ = part->term_ = std::move(term);
  part->function_ = function;
  part->counters_ = std::move(counters);
  part->structure_ = Structure(part->term_.sparsity);
  return part;
}

std::shared_ptr<System> System::stiff() const {
  OdeTerm term = parts_;
  term.nonstiff = nullptr;
  return part(std::move(term), "f", {&OdeStatistics::evaluations});
}

std::shared_ptr<System> System::nonstiff() const {
  return part(parts_.nonstiff, "nonstiff", {&OdeStatistics::nonstiff_evaluations});
}

// The shape of a tensor's unknowns: a scalar is a row of one.
Shape System::row_shape(const Tensor& y) const {
  return y.rank() == 0 || coupling_ == RowCoupling::full ? Shape{y.size()} : y.shape();
}

int64_t System::unknowns() const {
  int64_t n = 0;
  for (const size_t i : unknowns_) n += row_shape(like_[i]).dim(-1);
  return n;
}

void System::count() {
  for (const auto counter : counters_)
    if (statistics.*counter >= options.max_evaluations) throw OutOfEvaluations();
  for (const auto counter : counters_) ++(statistics.*counter);
}

State System::f(const Tensor& t, const State& y) {
  count();
  State k = term_.f(t, y);
  check_structure(k, y, function_);
  if (!recorded_ && recording() && any_tracked(y)) {
    recorded_ = true;
    if (!any_tracked(k)) {
      count();
      check_recorded(term_, t, y, k);
    }
  }
  return k;
}

Tensor System::pack(const State& y) const {
  const auto row = [&](size_t i) { return reshape(y[i], row_shape(y[i])); };
  if (unknowns_.size() == 1) return row(unknowns_[0]);
  std::vector<Tensor> parts;
  for (const size_t i : unknowns_) parts.push_back(row(i));
  return concat(parts, -1);
}

State System::unpack(const Tensor& u, const State& like) const {
  State y = like;
  int64_t offset = 0;
  for (const size_t i : unknowns_) {
    const int64_t width = row_shape(like[i]).dim(-1);
    const Tensor part = unknowns_.size() == 1 ? u : slice(u, -1, offset, offset + width);
    y[i] = reshape(part, like[i].shape());
    offset += width;
  }
  return y;
}

System::WithDiagonal System::with_diagonal(double t, const State& y) {
  const NoGrad guard;
  ++statistics.diagonals;
  if (!term_.with_diagonal) {
    State k = f(t, y);
    return {std::move(k), jacobian(t, y).diagonal()};
  }
  count();
  ValueAndDiagonal both = term_.with_diagonal(scalar(t, DType::float64), y);
  check_structure(both.f, like_);
  both.d.resize(like_.size());
  for (const size_t i : unknowns_)
    if (!both.d[i].defined()) both.d[i] = zeros_like(like_[i]);
  return {std::move(both.f), pack(both.d)};
}

System::Recorded System::recorded(double t, const State& y) {
  count();
  const EnableGrad guard;
  const Tensor leaf = track(pack(y));
  const State k = term_.f(scalar(t, DType::float64), unpack(leaf, y));
  check_structure(k, like_, function_);
  const Tensor out = pack(k);
  Recorded result{{}, stop_gradient(leaf), stop_gradient(out), nullptr};
  for (const Tensor& part : k) result.f.push_back(stop_gradient(part));
  if (out.tracked())
    result.tape = std::make_shared<const Tape>(std::vector<Tensor>{out}, std::vector<Tensor>{leaf},
                                               Tape::Options{.cut_at_inputs = true});
  return result;
}

JacobianProducts System::products(double t, const State& y, const Tensor& u, const Tensor& out,
                                  const std::shared_ptr<const Tape>& tape) {
  const bool coarse = u.dtype() == DType::float32;
  if (tape)
    return {.push =
                [this, tape](const Tensor& v) {
                  ++statistics.products;
                  return tape->push({v})[0];
                },
            .pull =
                [this, tape](const Tensor& w) {
                  ++statistics.products;
                  return tape->pull({w})[0];
                },
            .rounding = coarse ? 1e-3 : 1e-6};
  const Tensor step = (u + increments(u)) - u;
  return {.push = [this, t, y, u, out, step](const Tensor& v) { return pack(f(t, unpack(u + step * v, y))) - out; },
          .pull = nullptr,
          .step = step,
          .rounding = coarse ? 0.1 : 1e-3};
}

Jacobian System::jacobian(double t, const State& y, bool dense) {
  const NoGrad guard;
  if (jacobian_) {
    Jacobian given = jacobian_(t, y, dense);
    if (given.defined()) ++statistics.jacobians;
    return given;
  }
  if (term_.jacobian && (term_.sparsity || dense)) {
    ++statistics.jacobians;
    const Tensor given = term_.jacobian(scalar(t, DType::float64), y);
    return term_.sparsity ? Jacobian{.sparse = structure_.matrix(given, pack(y))} : Jacobian{.dense = given};
  }
  const auto [f, u, out, tape] = recorded(t, y);
  const JacobianProducts products = this->products(t, y, u, out, tape);
  const bool check_rows = coupling_ == RowCoupling::automatic;
  try {
    const bool can_push = !tape || tape->has_jets();
    if (can_push && (structure_.given() || unknowns() > most_dense_unknowns))
      if (std::optional<SparseMatrix> sparse = structure_.jacobian(products, u, check_rows)) {
        ++statistics.jacobians;
        if (check_rows) coupling_ = RowCoupling::rows;
        return {.sparse = std::move(sparse)};
      }
    if (!dense) return {};
    ++statistics.jacobians;
    if (!tape) return {.dense = difference_jacobian(products, u)};
    Tensor matrix = row_jacobian(*tape);
    if (check_rows) {
      if (!rows_are_independent(*tape, matrix)) throw RowsAreCoupled{};
      coupling_ = RowCoupling::rows;
    }
    return {.dense = std::move(matrix)};
  } catch (RowsAreCoupled& found) {
    found.statistics = statistics;
    throw;
  }
}

std::function<Tensor(const Tensor& v)> System::preconditioner(double t, const State& y, double gamma) const {
  if (!term_.preconditioner) return nullptr;
  return [this, y, solve = term_.preconditioner(scalar(t, DType::float64), y, gamma)](const Tensor& v) {
    return pack(solve(unpack(v, y)));
  };
}

System::Linearized System::linearize(double t, const State& y) {
  Recorded at = recorded(t, y);
  return {std::move(at.f), [this, t, y, u = at.u, out = at.out, tape = at.tape](const Tensor& v) {
            ++statistics.products;
            const NoGrad guard;
            return tape ? tape->push({v})[0] : difference(t, y, u, out, v);
          }};
}

Tensor System::increments(const Tensor& u) const {
  const double epsilon = u.dtype() == DType::float32 ? 0x1p-23 : 0x1p-52;
  const double share = std::min(1.0, 1000 * epsilon / std::max(options.rtol, epsilon));
  State zero;
  for (const Tensor& part : like_) zero.push_back(zeros_like(part));
  return std::sqrt(epsilon) * abs(u) + share / pack(norm.weights(zero)) + epsilon * epsilon;
}

Tensor System::difference(double t, const State& y, const Tensor& u, const Tensor& f, const Tensor& v) {
  const NoGrad guard;
  const double largest = max(abs(v) / increments(u)).item();
  if (!(largest > 0)) return zeros_like(v);
  return (pack(this->f(t, unpack(u + v / largest, y))) - f) * largest;
}

Tensor System::difference_jacobian(const JacobianProducts& products, const Tensor& u) const {
  std::vector<Tensor> columns;
  for (int64_t j = 0; j < u.dim(-1); ++j)
    columns.push_back(products.push(tensor(unit(u.dim(-1), j), u.dtype())) / slice(products.step, -1, j, j + 1));
  return stack(columns, -1);
}

bool System::records(const State& y, const State& derivative) const {
  return recording() && (any_tracked(y) || any_tracked(derivative) || (mass && mass->values.tracked()));
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
