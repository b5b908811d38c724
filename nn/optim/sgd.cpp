#include "nn/optim/sgd.hpp"

#include "nn/optim/detail/update.hpp"

namespace dimwise {

namespace {
std::vector<std::string> sgd_state(const Sgd& s) {
  return s.momentum != 0 ? std::vector<std::string>{"momentum_buffer"} : std::vector<std::string>{};
}
}  // namespace

void Sgd::update(const std::vector<detail::Slot>& slots) {
  for (const detail::Slot& slot : slots) {
    ParameterState& s = detail::state_of("sgd", state, slot, sgd_state(*this).size());
    ++s.step;
    dispatch(slot.value->dtype(), [&](auto t) {
      using T = decltype(t);
      const T rate = static_cast<T>(lr), decay = static_cast<T>(weight_decay), mu = static_cast<T>(momentum);
      const T* g = slot.gradient.node()->data<T>();
      T* p = detail::own<T>(*slot.value);
      const int64_t n = slot.value->size();
      if (momentum == 0) {
        detail::update<T>(
            n, [=](auto u, auto& x) { x -= rate * (u + decay * x); }, g, p);
        return;
      }
      detail::update<T>(
          n,
          [=, ahead = nesterov](auto u, auto& x, auto& b) {
            u += decay * x;
            b = mu * b + u;
            x -= rate * (ahead ? u + mu * b : b);
          },
          g, p, detail::own<T>(s.tensors[0]));
    });
  }
}

std::map<std::string, Tensor> Sgd::state_dict(const std::string& prefix) const {
  return detail::save_state(state, sgd_state(*this), lr, prefix);
}

void Sgd::load_state_dict(const std::map<std::string, Tensor>& saved, const std::string& prefix) {
  detail::load_state("sgd", saved, sgd_state(*this), prefix, state, lr);
}

}  // namespace dimwise
