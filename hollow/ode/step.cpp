#include "hollow/ode/step.hpp"

#include "autodiff/error.hpp"
#include "autodiff/node.hpp"
#include "ops/linear_combination.hpp"

namespace dimwise::ode {

namespace {

// h Σ_j weights_j k_j + y of state tensor i, over the weights there are; the large term last. Without y, the sum alone.
Tensor advance(const std::vector<State>& k, size_t i, double h, const std::vector<double>& weights, const Tensor& y) {
  std::vector<Tensor> terms;
  std::vector<double> numbers;
  for (size_t j = 0; j < weights.size(); ++j) {
    if (weights[j] == 0) continue;
    terms.push_back(k[j][i]);
    numbers.push_back(h * weights[j]);
  }
  if (y.defined()) {
    if (terms.empty()) return y;
    terms.push_back(y);
    numbers.push_back(1);
  }
  return linear_combination(terms, numbers);
}

void add_stage(const Tableau& method, const Field& f, Step& step, const std::vector<bool>& quadratures) {
  const size_t s = step.k.size();
  State at;
  for (size_t i = 0; i < step.y.size(); ++i)
    at.push_back(!quadratures.empty() && quadratures[i] ? step.y[i]
                                                        : advance(step.k, i, step.h(), method.a[s], step.y[i]));
  step.k.push_back(f(method.c[s] == 1 ? step.t1 : step.t + method.c[s] * step.h(), at));
}

}  // namespace

void check_structure(const State& k, const State& y) {
  if (k.size() != y.size())
    fail<ShapeError>("odeint", "f gave ", k.size(), " tensors for a state of ", y.size(),
                     ". Give one derivative for each.");
  for (size_t i = 0; i < y.size(); ++i) {
    if (!k[i].defined())
      fail<ValueError>("odeint", "f left the derivative of state tensor ", i, " undefined. Give zeros_like.");
    if (k[i].shape() != y[i].shape())
      fail<ShapeError>("odeint", "f gave shape ", k[i].shape(), " for state tensor ", i, " of shape ", y[i].shape(),
                       ". They must be equal.");
    if (k[i].dtype() != y[i].dtype())
      fail<DTypeError>("odeint", "f gave ", k[i].dtype(), " for state tensor ", i, " of ", y[i].dtype(),
                       ". Cast it with astype.");
  }
}

State Field::operator()(double t, const State& y) const {
  ++evaluations_;
  State k = f_(scalar(t, like_[0].dtype()), y);
  check_structure(k, like_);
  return k;
}

Step make_step(const Tableau& method, const Field& f, double t, double t1, const State& y, State k1, bool last_stage,
               const std::vector<bool>& quadratures) {
  Step step{t, t1, y, {}, {}};
  step.k.push_back(k1.empty() ? f(t, y) : std::move(k1));
  const size_t stages = method.stages() - (method.fsal ? 1 : 0);
  for (size_t s = 1; s < stages; ++s) add_stage(method, f, step, quadratures);
  for (size_t i = 0; i < y.size(); ++i) step.y1.push_back(advance(step.k, i, step.h(), method.b, y[i]));
  if (method.fsal && last_stage) step.k.push_back(f(t1, step.y1));
  return step;
}

void complete(const Tableau& method, const Field& f, Step& step, const std::vector<bool>& quadratures) {
  if (method.fsal && step.k.size() + 1 == method.stages()) step.k.push_back(f(step.t1, step.y1));
  while (step.k.size() < method.c.size()) add_stage(method, f, step, quadratures);
}

State interpolate(const Tableau& method, const Step& step, double at) {
  const double theta = (at - step.t) / step.h();
  std::vector<double> weights;
  for (const std::vector<double>& polynomial : method.interpolant) {
    double value = 0;
    for (size_t j = polynomial.size(); j-- > 0;) value = (value + polynomial[j]) * theta;
    weights.push_back(value);
  }
  State y;
  for (size_t i = 0; i < step.y.size(); ++i) y.push_back(advance(step.k, i, step.h(), weights, step.y[i]));
  return y;
}

State error_estimate(const std::vector<double>& weights, const Step& step, const std::vector<bool>& controlled) {
  const Recording off(false);
  State error(step.y.size());
  for (size_t i = 0; i < error.size(); ++i)
    if (controlled.empty() || controlled[i]) error[i] = advance(step.k, i, step.h(), weights, Tensor());
  return error;
}

}  // namespace dimwise::ode
