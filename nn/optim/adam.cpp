#include "nn/optim/adam.hpp"

#include <cmath>

#include "nn/optim/detail/update.hpp"

namespace dimwise {

namespace {

const std::vector<std::string> adam_state = {"exp_avg", "exp_avg_rms"};

// Both optimizers: `coupled` decay is added to the gradient, `decoupled` decay scales the parameter.
template <class A>
void adam(const char* where, A& a, const std::vector<detail::Slot>& slots, double coupled, double decoupled) {
  const auto states = detail::states_of(where, a.state, slots, adam_state.size(),
                                        {{"lr", a.lr},
                                         {"beta1", a.beta1, 0, 1},
                                         {"beta2", a.beta2, 0, 1},
                                         {"eps", a.eps},
                                         {"weight_decay", a.weight_decay}});
  for (size_t i = 0; i < slots.size(); ++i) {
    const detail::Slot& slot = slots[i];
    if (!slot.gradient.defined()) continue;
    ParameterState& s = *states[i];
    const double t = static_cast<double>(++s.step);
    const double first = 1 - std::pow(a.beta1, t), second = std::sqrt(1 - std::pow(a.beta2, t));
    dispatch(slot.value->dtype(), [&](auto type) {
      using T = decltype(type);
      const T decay = static_cast<T>(coupled), keep = static_cast<T>(1 - a.lr * decoupled),
              eps = detail::at_least_normal<T>(a.eps);
      const T new_m = static_cast<T>(1 - a.beta1), old_v = static_cast<T>(a.beta2), new_v = static_cast<T>(1 - a.beta2);
      const T rate = static_cast<T>(a.lr / first), to_v = static_cast<T>(1 / second);
      detail::update<T>(
          slot.value->size(),
          [=](auto g, auto& p, auto& m, auto& r) {
            p *= keep;
            if (decay != 0) g += decay * p;  // 0·p is NaN for an infinite p
            m += new_m * (g - m);
            // √v, by squares of at most 1, which do not overflow.
            const auto top = xsimd::max(xsimd::max(xsimd::abs(g), r), decltype(g)(std::numeric_limits<T>::min()));
            const auto x = g / top, y = r / top;
            r = top * xsimd::sqrt(old_v * y * y + new_v * x * x);
            p -= rate * m / (r * to_v + eps);
          },
          slot.gradient.node()->data<T>(), detail::own<T>(*slot.value), detail::own<T>(s.tensors[0]),
          detail::own<T>(s.tensors[1]));
    });
  }
}

}  // namespace

void Adam::update(const std::vector<detail::Slot>& slots) { adam("adam", *this, slots, weight_decay, 0); }
void AdamW::update(const std::vector<detail::Slot>& slots) { adam("adamw", *this, slots, 0, weight_decay); }

std::map<std::string, Tensor> Adam::state_dict(const std::string& prefix) const {
  return detail::save_state(state, adam_state, lr, prefix);
}
std::map<std::string, Tensor> AdamW::state_dict(const std::string& prefix) const {
  return detail::save_state(state, adam_state, lr, prefix);
}

void Adam::load_state_dict(const std::map<std::string, Tensor>& saved, const std::string& prefix) {
  detail::load_state("adam", saved, adam_state, prefix, state, lr);
}
void AdamW::load_state_dict(const std::map<std::string, Tensor>& saved, const std::string& prefix) {
  detail::load_state("adamw", saved, adam_state, prefix, state, lr);
}

}  // namespace dimwise
