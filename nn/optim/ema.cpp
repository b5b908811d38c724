#include "nn/optim/ema.hpp"

#include "nn/optim/detail/update.hpp"

namespace dimwise::detail {

void move_towards(const std::vector<Slot>& slots, double weight) {
  for (const Slot& slot : slots)
    dispatch(slot.value->dtype(), [&](auto type) {
      using T = decltype(type);
      const T part = static_cast<T>(weight);
      update<T>(
          slot.value->size(), [part](auto newer, auto& average) { average += part * (newer - average); },
          slot.gradient.node()->data<T>(), own<T>(*slot.value));
    });
}

}  // namespace dimwise::detail
