#include "nn/optim/adamax.hpp"

#include <cmath>

#include "nn/optim/detail/update.hpp"

namespace dimwise {

namespace {
const std::vector<std::string> adamax_state = {"exp_avg", "exp_inf"};
}

void Adamax::update(const std::vector<detail::Slot>& slots) {
  const auto states = detail::states_of(
      "adamax", state, slots, adamax_state.size(),
      {{"lr", lr}, {"beta1", beta1, 0, 1}, {"beta2", beta2, 0, 1}, {"eps", eps}, {"weight_decay", weight_decay}});
  for (size_t i = 0; i < slots.size(); ++i) {
    const detail::Slot& slot = slots[i];
    if (!slot.gradient.defined()) continue;
    ParameterState& s = *states[i];
    const double corrected = lr / (1 - std::pow(beta1, static_cast<double>(++s.step)));
    dispatch(slot.value->dtype(), [&](auto type) {
      using T = decltype(type);
      const T decay = static_cast<T>(weight_decay), new_m = static_cast<T>(1 - beta1), old_u = static_cast<T>(beta2);
      const T rate = static_cast<T>(corrected), small = detail::at_least_normal<T>(eps);
      detail::update<T>(
          slot.value->size(),
          [=](auto g, auto& p, auto& m, auto& u) {
            if (decay != 0) g += decay * p;  // 0·p is NaN for an infinite p
            m += new_m * (g - m);
            u = xsimd::max(old_u * u, xsimd::abs(g) + small);
            p -= rate * m / u;
          },
          slot.gradient.node()->data<T>(), detail::own<T>(*slot.value), detail::own<T>(s.tensors[0]),
          detail::own<T>(s.tensors[1]));
    });
  }
}

std::map<std::string, Tensor> Adamax::state_dict(const std::string& prefix) const {
  return detail::save_state(state, adamax_state, lr, prefix);
}

void Adamax::load_state_dict(const std::map<std::string, Tensor>& saved, const std::string& prefix) {
  detail::load_state("adamax", saved, adamax_state, prefix, state, lr);
}

}  // namespace dimwise
