#include "hollow/flow/trace.hpp"

#include "autodiff/base/error.hpp"
#include "hollow/net/brute_force.hpp"
#include "ops/arithmetic.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

const std::vector<std::string>& trace_names() {
  static const std::vector<std::string> names{"exact", "brute-force", "hutchinson"};
  return names;
}

const char* name(Trace trace) { return trace_names()[static_cast<size_t>(trace)].c_str(); }

Trace parse_trace(const std::string& wanted) {
  for (size_t i = 0; i < trace_names().size(); ++i)
    if (trace_names()[i] == wanted) return static_cast<Trace>(i);
  fail<ValueError>("trace", "there is no trace '", wanted, "'. Use exact, brute-force or hutchinson.");
}

Dynamics brute_force_dynamics(const Function& f, const Tensor& x) {
  const std::vector<Tensor> d = brute_force_dimwise(f, x, 1);
  return {d[0], sum(d[1], {-1}), d[1]};
}

Dynamics hutchinson_dynamics(const Function& f, const Tensor& x, const Tensor& v) {
  const auto [y, g] = vjp(f, x, v);
  return {y, sum(g * v, {-1}), Tensor()};
}

Dynamics dynamics(const Function& f, const Tensor& x, Trace trace, const Tensor& noise) {
  return trace == Trace::hutchinson ? hutchinson_dynamics(f, x, noise) : brute_force_dynamics(f, x);
}

}  // namespace dimwise
