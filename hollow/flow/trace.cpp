#include "hollow/flow/trace.hpp"

#include "autodiff/error.hpp"
#include "ops/arithmetic.hpp"

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

Drift brute_force_drift(const Function& f, const Tensor& x) {
  const bool outer = recording();
  const int64_t d = x.dim(-1);
  const Recording on(true);
  const Tensor inner = outer ? alias(x) : track(x), y = f(inner);
  const Tape tape({y}, {inner});
  const bool keep = outer && (tape.entered() || x.tracked());
  const Recording recorded(keep);
  Tensor diagonal;
  for (int64_t i = 0; i < d; ++i) {
    const Tensor one = place_row(scalar(1, x.dtype()), i, d);  // for every row of y
    accumulate(diagonal, tape.pull({one})[0] * one);
  }
  return {keep ? y : stop_gradient(y), sum_last(diagonal), diagonal};
}

Drift hutchinson_drift(const Function& f, const Tensor& x, const Tensor& v) {
  const auto [y, g] = vjp(f, x, v);
  return {y, sum_last(g * v), Tensor()};
}

Drift drift(const Function& f, const Tensor& x, Trace trace, const Tensor& noise) {
  return trace == Trace::hutchinson ? hutchinson_drift(f, x, noise) : brute_force_drift(f, x);
}

}  // namespace dimwise
