#pragma once
// One pass over a gradient and the tensors it updates.

#include <algorithm>
#include <cstring>
#include <limits>

#include "autodiff/kernels/expression.hpp"

namespace dimwise::detail {

/// The elements of an untracked tensor, unshared: those of t, or of a copy that replaces it if they are shared.
template <class T>
T* own(Tensor& t) {
  const Node* node = t.node();
  if (t.tracked() || node->owners.load(std::memory_order_acquire) != 1 || !node->buffer.unique()) {
    Tensor copy = empty(t.shape(), t.dtype());
    if (t.size() > 0) std::memcpy(mutable_data<T>(copy), node->data<T>(), static_cast<size_t>(t.size()) * sizeof(T));
    t = std::move(copy);
  }
  return mutable_data<T>(t);
}

/// At least the smallest normal number of T, so that what is divided by it stays finite for 0.
template <class T>
T at_least_normal(double eps) {
  return std::max(static_cast<T>(eps), std::numeric_limits<T>::min());
}

/// Calls f(g, p…) for each batch of n elements, where f changes its batches of p: several results in one pass, which an
/// xtensor expression cannot compute.
template <class T, class F, class... P>
void update(int64_t n, F f, const T* g, P*... p) {
  for (int64_t i = 0; i < n; i += width<T>)
    [&](const Batch<T>& gradient, auto... x) {
      f(gradient, x...);
      (x.store_aligned(p + i), ...);
    }(Batch<T>::load_aligned(g + i), Batch<T>::load_aligned(p + i)...);
}

}  // namespace dimwise::detail
