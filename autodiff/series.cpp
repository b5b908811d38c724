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

int max_order(const std::vector<Series>& series) {
  int order = 0;
  for (const Series& s : series) order = std::max(order, s.order());
  return order;
}

Series integrate(const Tensor& y0, const Series& dy) {
  Series y(y0);
  for (int k = 0; k <= dy.order(); ++k) y.c.push_back(dy.at(k).defined() ? scale(dy.at(k), 1.0 / (k + 1)) : Tensor());
  return y;
}

}  // namespace dimwise
