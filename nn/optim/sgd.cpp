#include "nn/optim/sgd.hpp"

#include <algorithm>

#include "nn/optim/detail/update.hpp"

namespace dimwise {

void Sgd::update(const std::vector<detail::Slot>& slots) {
  const auto states = detail::states_of("sgd", state, slots, momentum != 0 ? 1 : 0,
                                        {{"lr", lr}, {"momentum", momentum}, {"weight_decay", weight_decay}});
  for (size_t i = 0; i < slots.size(); ++i) {
    const detail::Slot& slot = slots[i];
    if (!slot.gradient.defined()) continue;
    ParameterState& s = *states[i];
    ++s.step;
    dispatch(slot.value->dtype(), [&](auto t) {
      using T = decltype(t);
      const T rate = static_cast<T>(lr), decay = static_cast<T>(weight_decay), mu = static_cast<T>(momentum);
      const T* g = slot.gradient.node()->data<T>();
      T* p = detail::own<T>(*slot.value);
      const int64_t n = slot.value->size();
      if (momentum == 0) {
        detail::update<T>(
            n,
            [=](auto u, auto& x) {
              if (decay != 0) u += decay * x;  // 0·x is NaN for an infinite x
              x -= rate * u;
            },
            g, p);
        return;
      }
      detail::update<T>(
          n,
          [=, ahead = nesterov](auto u, auto& x, auto& b) {
            if (decay != 0) u += decay * x;
            b = mu * b + u;
            x -= rate * (ahead ? u + mu * b : b);
          },
          g, p, detail::own<T>(s.tensors[0]));
    });
  }
}

std::map<std::string, Tensor> Sgd::state_dict(const std::string& prefix) const {
  return detail::save_state(state, {"momentum_buffer"}, lr, prefix);
}

void Sgd::load_state_dict(const std::map<std::string, Tensor>& saved, const std::string& prefix) {
  const bool buffers = std::any_of(saved.begin(), saved.end(), [&](const auto& entry) {
    return entry.first.starts_with(prefix) && entry.first.ends_with(".momentum_buffer");
  });
  detail::load_state("sgd", saved, buffers ? std::vector<std::string>{"momentum_buffer"} : std::vector<std::string>{},
                     prefix, state, lr);
}

}  // namespace dimwise
