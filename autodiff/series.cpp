#include "autodiff/series.hpp"

#include <algorithm>

#include "autodiff/basic.hpp"
#include "autodiff/node.hpp"

namespace dimwise {

Series Series::truncated(int k) const {
  if (k >= order()) return *this;
  return Series(std::vector<Tensor>(c.begin(), c.begin() + k + 1));
}

void Series::expand() {
  for (Tensor& t : c)
    if (t.defined()) t = broadcast_to(t, value().shape());
}

Series Series::derivative() const {
  if (order() <= 0) return Series(zeros_like(value()));
  std::vector<Tensor> d;
  for (int k = 1; k <= order(); ++k) d.push_back(at(k).defined() ? scale(at(k), k) : Tensor());
  if (!d[0].defined()) d[0] = zeros_like(value());
  return Series(std::move(d));
}

int max_order(std::span<const Series> series) {
  int order = 0;
  for (const Series& s : series) order = std::max(order, s.order());
  return order;
}

}  // namespace dimwise
