#include "hollow/flow/trace.hpp"

#include "autodiff/base/error.hpp"
#include "autodiff/traced.hpp"
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
  const int64_t d = x.dim(-1);
  const Traced traced(x, f);
  Tensor diagonal;
  for (int64_t i = 0; i < d; ++i) {
    const Tensor one = place_row(scalar(1, x.dtype()), i, d);  // for every row of y
    accumulate(diagonal, traced.pull(one)[0] * one);
  }
  return {traced.value(), sum(diagonal, {-1}), diagonal};
}

Dynamics hutchinson_dynamics(const Function& f, const Tensor& x, const Tensor& v) {
  const auto [y, g] = vjp(f, x, v);
  return {y, sum(g * v, {-1}), Tensor()};
}

Dynamics dynamics(const Function& f, const Tensor& x, Trace trace, const Tensor& noise) {
  return trace == Trace::hutchinson ? hutchinson_dynamics(f, x, noise) : brute_force_dynamics(f, x);
}

}  // namespace dimwise
