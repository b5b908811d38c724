#include "hollow/solve/linear/diagonal.hpp"

#include <cmath>

#include "autodiff/node.hpp"

namespace dimwise {

Tensor away_from_zero(const Tensor& diagonal, double smallest, int64_t* moved) {
  Tensor result = empty(diagonal.shape(), diagonal.dtype());
  dispatch(diagonal.dtype(), [&](auto t) {
    using T = decltype(t);
    const T *from = diagonal.node()->data<T>(), bound = static_cast<T>(smallest);
    T* to = mutable_data<T>(result);
    for (int64_t i = 0; i < diagonal.size(); ++i) {
      const bool close = std::abs(from[i]) < bound;
      to[i] = close ? std::copysign(bound, from[i]) : from[i];
      if (moved) *moved += close;
    }
  });
  return result;
}

}  // namespace dimwise
