#include "hollow/ode/detail/dense_output.hpp"

#include <algorithm>

#include "hollow/ode/detail/system.hpp"

namespace dimwise::ode {

State Interpolant::at(double time) const {
  const double s = (time - origin) / scale;
  std::vector<const State*> states;
  std::vector<double> weights;
  for (size_t i = 0; i < v.size(); ++i) {
    double value = 0;
    for (size_t j = p[i].size(); j-- > 0;) value = value * s + p[i][j];
    states.push_back(&v[i]);
    weights.push_back(value);
  }
  return combination(states, weights);
}

State DenseOutput::at(double t) const {
  const double direction = interpolants.front().t1 > interpolants.front().t ? 1 : -1;
  auto interpolant = std::partition_point(interpolants.begin(), interpolants.end(),
                                          [&](const Interpolant& p) { return p.t1 * direction < t * direction; });
  if (interpolant == interpolants.end()) --interpolant;
  return interpolant->at(t);
}

}  // namespace dimwise::ode
