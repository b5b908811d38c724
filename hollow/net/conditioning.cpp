#include "hollow/net/conditioning.hpp"

#include "ops/arithmetic.hpp"

namespace dimwise {

Conditioning::Conditioning(int64_t width, bool with_time, int64_t context_size, const Rng& rng, DType dtype) {
  if (with_time) time = Linear(1, width, rng.split("time"), dtype, false);
  if (context_size > 0) context = Linear(context_size, width, rng.split("context"), dtype, false);
}

Tensor Conditioning::operator()(const Tensor& t, const Tensor& c) const {
  if (t.defined() != time.weight.defined())
    fail<ValueError>("hollow", t.defined() ? "a time was given to a net made without time."
                                           : "the net depends on time. Bind it: net.at(t).");
  if (c.defined() != context.weight.defined())
    fail<ValueError>("hollow", c.defined() ? "a context was given to a net made without one."
                                           : "the net depends on a context. Bind it: net.at(t, context).");
  Tensor term;
  if (t.defined()) term = time(t.rank() == 0 ? reshape(t, {1}) : t);
  if (c.defined()) term = term.defined() ? term + context(c) : context(c);
  return term;
}

}  // namespace dimwise
