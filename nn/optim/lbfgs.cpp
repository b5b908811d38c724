#include "nn/optim/lbfgs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "nn/optim/detail/wolfe.hpp"

namespace dimwise {

namespace {

using Vector = std::vector<double>;
using detail::LinePoint;

double dot(const Vector& a, const Vector& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

double largest(const Vector& a) {
  double result = 0;
  for (const double x : a) result = std::max(result, std::abs(x));
  return result;
}

bool finite(const Vector& a) {
  return std::all_of(a.begin(), a.end(), [](double x) { return std::isfinite(x); });
}

// a + s·b
Vector plus(const Vector& a, double s, const Vector& b) {
  Vector result(a.size());
  for (size_t i = 0; i < a.size(); ++i) result[i] = a[i] + s * b[i];
  return result;
}

Vector flatten(const std::vector<Tensor>& tensors) {
  Vector result;
  for (const Tensor& t : tensors) {
    const Vector v = t.values();
    result.insert(result.end(), v.begin(), v.end());
  }
  return result;
}

std::vector<Tensor> unflatten(const Vector& x, const std::vector<Tensor>& like) {
  std::vector<Tensor> result;
  auto at = x.begin();
  for (const Tensor& t : like) {
    result.push_back(tensor(Vector(at, at + t.size()), t.shape(), t.dtype()));
    at += t.size();
  }
  return result;
}

Tensor matrix(const std::vector<Vector>& rows) {
  Vector flat;
  for (const Vector& r : rows) flat.insert(flat.end(), r.begin(), r.end());
  return tensor(flat, {static_cast<int64_t>(rows.size()), static_cast<int64_t>(rows[0].size())}, DType::float64);
}

std::vector<Vector> rows(const std::map<std::string, Tensor>& saved, const std::string& key) {
  const auto entry = saved.find(key);
  if (entry == saved.end()) return {};
  const Tensor& t = entry->second;
  if (t.rank() != 2)
    fail<CheckpointError>("lbfgs", "entry '", key, "' has shape ", t.shape(),
                          ", expected a matrix. The checkpoint is damaged.");
  const Vector flat = t.values();
  std::vector<Vector> result;
  for (int64_t i = 0; i < t.dim(0); ++i)
    result.emplace_back(flat.begin() + i * t.dim(1), flat.begin() + (i + 1) * t.dim(1));
  return result;
}

}  // namespace

Vector detail::lbfgs_direction(const std::vector<Vector>& steps, const std::vector<Vector>& changes,
                               const Vector& gradient) {
  Vector d = plus(Vector(gradient.size()), -1, gradient);
  if (steps.empty()) return d;
  Vector alpha(steps.size());
  for (size_t i = steps.size(); i-- > 0;) {
    alpha[i] = dot(steps[i], d) / dot(steps[i], changes[i]);
    d = plus(d, -alpha[i], changes[i]);
  }
  const double gamma = dot(steps.back(), changes.back()) / dot(changes.back(), changes.back());
  for (double& x : d) x *= gamma;
  for (size_t i = 0; i < steps.size(); ++i)
    d = plus(d, alpha[i] - dot(changes[i], d) / dot(steps[i], changes[i]), steps[i]);
  return d;
}

double Lbfgs::minimize(std::vector<Tensor>& values, const Objective& objective) {
  if (history < 1) fail<ValueError>("lbfgs", "history is ", history, ". It must be at least 1.");
  detail::check_settings("lbfgs",
                         {{"lr", lr}, {"tolerance_grad", tolerance_grad}, {"tolerance_change", tolerance_change}});
  Vector x = flatten(values);
  if (!steps.empty() && steps[0].size() != x.size())
    fail<CheckpointError>("lbfgs", "the state has ", steps[0].size(), " numbers, but the model has ", x.size(),
                          ". The state belongs to another model.");
  const auto evaluate = [&](const Vector& at) {
    ++evaluations;
    auto [loss, gradient] = objective(unflatten(at, values));
    return LinePoint{0, loss, 0, flatten(gradient)};
  };
  LinePoint here = evaluate(x);
  if (!std::isfinite(here.loss))
    fail<ValueError>("lbfgs", "the loss is ", here.loss, " at the start. Start where it is finite.");
  if (!finite(here.gradient))
    fail<ValueError>("lbfgs", "the gradient is not finite at the start, where the loss is ", here.loss,
                     ". Start where it is.");

  for (int64_t i = 0; i < max_iterations && largest(here.gradient) > tolerance_grad; ++i) {
    Vector d = detail::lbfgs_direction(steps, changes, here.gradient);
    here.slope = dot(here.gradient, d);
    here.length = 0;
    if (!(here.slope < 0)) {
      // Noise has made the pairs useless: restart with the gradient.
      steps.clear();
      changes.clear();
      d = detail::lbfgs_direction(steps, changes, here.gradient);
      here.slope = dot(here.gradient, d);
    }
    // Without pairs the gradient's norm is no estimate of the step length.
    double sum = 0;
    for (const double g : here.gradient) sum += std::abs(g);
    const double first = steps.empty() ? std::min(1.0, 1 / sum) * lr : lr;
    const auto along = [&](double length) {
      LinePoint p = evaluate(plus(x, length, d));
      p.length = length;
      p.slope = dot(p.gradient, d);
      // Where the gradient is not finite the search does not stop either.
      if (!finite(p.gradient)) p.loss = std::numeric_limits<double>::quiet_NaN();
      return p;
    };
    LinePoint next = detail::strong_wolfe(along, here, first, max_evaluations, tolerance_change / largest(d));
    ++iterations;
    if (next.length == 0) break;

    // The actual step of the model, rounded to its dtype.
    const Vector moved = flatten(unflatten(plus(x, next.length, d), values));
    Vector s = plus(moved, -1, x), y = plus(next.gradient, -1, here.gradient);
    x = moved;
    const bool settled = largest(s) <= tolerance_change || std::abs(next.loss - here.loss) < tolerance_change;
    if (dot(s, y) > 1e-15 * dot(y, y)) {
      if (static_cast<int64_t>(steps.size()) == history) {
        steps.erase(steps.begin());
        changes.erase(changes.begin());
      }
      steps.push_back(std::move(s));
      changes.push_back(std::move(y));
    }
    here = std::move(next);
    if (settled) break;
  }
  values = unflatten(x, values);
  return here.loss;
}

std::map<std::string, Tensor> Lbfgs::state_dict(const std::string& prefix) const {
  std::map<std::string, Tensor> result = {
      {prefix + "lr", scalar(lr, DType::float64)},
      {prefix + "n_iter", scalar(static_cast<double>(iterations), DType::float64)},
      {prefix + "func_evals", scalar(static_cast<double>(evaluations), DType::float64)}};
  if (!steps.empty()) {
    result.emplace(prefix + "old_stps", matrix(steps));
    result.emplace(prefix + "old_dirs", matrix(changes));
  }
  return result;
}

void Lbfgs::load_state_dict(const std::map<std::string, Tensor>& saved, const std::string& prefix) {
  const double rate = detail::saved_number("lbfgs", saved, prefix + "lr");
  const int64_t n_iter = detail::saved_count("lbfgs", saved, prefix + "n_iter");
  const int64_t func_evals = detail::saved_count("lbfgs", saved, prefix + "func_evals");
  std::vector<Vector> s = rows(saved, prefix + "old_stps"), y = rows(saved, prefix + "old_dirs");
  if (s.size() != y.size() || (!s.empty() && s[0].size() != y[0].size()))
    fail<CheckpointError>("lbfgs", "entries '", prefix, "old_stps' and '", prefix,
                          "old_dirs' have different shapes. The checkpoint is damaged.");
  lr = rate;
  iterations = n_iter;
  evaluations = func_evals;
  steps = std::move(s);
  changes = std::move(y);
}

}  // namespace dimwise
