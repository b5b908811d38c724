#include "hollow/ode/methods/stepper.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "autodiff/node.hpp"
#include "hollow/ode/methods/family.hpp"
#include "hollow/ode/methods/step_control.hpp"

namespace dimwise::ode {

const State& Stepper::derivative() {
  if (derivative_.empty()) derivative_ = system_->f(t_, y_);
  return derivative_;
}

void Stepper::visit(const std::function<void(Tensor&)>& each) {
  for (Tensor& y : y_) each(y);
  for (Tensor& k : derivative_) each(k);
}

double first_step(System& system, double t, double end, const State& y, const State& derivative, int order) {
  const NoGrad guard;
  const State weights = system.norm.weights(y);
  const double direction = end > t ? 1 : -1, longest = std::min(system.options.dt_max, std::abs(end - t));
  const double d0 = system.norm(y, weights), d1 = system.norm(derivative, weights);
  const double trial = trial_length(d0, d1, longest);
  if (system.mass) return trial;
  const State moved = combination({&derivative, &y}, {direction * trial, 1});
  const State k2 = system.f(t + direction * trial, moved), change = combination({&k2, &derivative}, {1, -1});
  return first_length(trial, d1, system.norm(change, weights) / trial, order, longest);
}

namespace {

const std::vector<const Family*>& families() {
  static const std::vector<const Family*> all{&explicit_runge_kutta(), &multistep(), &diagonally_implicit(), &radau(),
                                              &switching()};
  return all;
}

const Family& family(const std::string& method) {
  std::string known;
  for (const Family* family : families())
    for (const std::string& name : family->names) {
      if (name == method) return *family;
      known += (known.empty() ? "" : ", ") + name;
    }
  fail<ValueError>("odeint", "there is no method '", method, "'. Use one of ", known, ".");
}

}  // namespace

bool is_multistep(const std::string& method) { return family(method).multistep; }

std::unique_ptr<Stepper> make_stepper(const std::shared_ptr<System>& system, double t, const State& y,
                                      State derivative) {
  return family(system->options.method).make(system, t, y, std::move(derivative));
}

}  // namespace dimwise::ode

namespace dimwise {

const std::vector<std::string>& ode_method_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const ode::Family* family : ode::families()) all.insert(all.end(), family->names.begin(), family->names.end());
    return all;
  }();
  return names;
}

bool is_adaptive(const std::string& method) { return ode::family(method).adaptive(method); }
bool is_implicit(const std::string& method) { return ode::family(method).implicit(method); }
bool is_imex(const std::string& method) { return ode::family(method).imex(method); }
bool takes_mass(const std::string& method) { return ode::family(method).mass(method); }

}  // namespace dimwise
