#pragma once
// One pass over a gradient and what it changes. Included by .cpp files only.

#include <cstring>

#include "autodiff/loops.hpp"

namespace dimwise::detail {

/// The elements of an untracked tensor that nobody else can see: t's own, or else those of a copy that replaces it.
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

/// f(g[i], p[i]…) for every i, where f changes its batches of p. The tail goes through padded batches, so that a value
/// does not depend on its position.
template <class T, class F, class... P>
void update(int64_t n, F f, const T* g, P*... p) {
  constexpr int64_t w = loops::width<T>;
  const auto one = [&f](const T* at, auto*... to) {
    [&f, to...](loops::Batch<T> gradient, auto... x) {
      f(gradient, x...);
      (x.store_unaligned(to), ...);
    }(loops::load(at), loops::load<T>(to)...);
  };
  int64_t i = 0;
  for (; i + w <= n; i += w) one(g + i, p + i...);
  if (i == n) return;
  const int64_t rest = n - i;
  struct Lane {
    alignas(64) T x[static_cast<size_t>(w)];
  };
  const auto padded = [&](const T* from) {
    Lane lane;
    for (int64_t j = 0; j < w; ++j) lane.x[j] = from[std::min(j, rest - 1)];
    return lane;
  };
  const Lane gradient = padded(g + i);
  const auto tail = [&](auto... lane) {
    one(gradient.x, lane.x...);
    (std::copy_n(lane.x, rest, p + i), ...);
  };
  tail(padded(p + i)...);
}

}  // namespace dimwise::detail
