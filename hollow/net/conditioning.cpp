#include "hollow/net/conditioning.hpp"

#include <algorithm>

#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"

namespace dimwise {

std::vector<int64_t> detail::conditioner_widths(const ConditionerConfig& config) {
  if (!config.hidden.empty()) return config.hidden;
  return {std::max<int64_t>(64, 2 * (config.d - 1))};
}

void detail::check_sizes(const char* where, int64_t d, int64_t d_h, const std::vector<int64_t>& hidden,
                         int64_t context) {
  if (d < 1 || d_h < 1 || hidden.empty())
    fail<ValueError>(where, "d = ", d, ", d_h = ", d_h, " and ", hidden.size(),
                     " hidden layers. All must be at least 1.");
  for (const int64_t width : hidden)
    if (width < 1) fail<ValueError>(where, "hidden width ", width, ". Use at least 1.");
  if (context < 0) fail<ValueError>(where, "a context of ", context, " numbers. Use at least 0; 0 means none.");
}

Conditioning::Conditioning(int64_t width, bool with_time, int64_t context_size, const Rng& rng, DType dtype) {
  if (with_time) time = Linear(1, width, rng.split("time"), dtype, false);
  if (context_size > 0) context = Linear(context_size, width, rng.split("context"), dtype, false);
}

PreparedConditioning Conditioning::prepare(const Tensor& c) const {
  if (c.defined() != context.weight.defined())
    fail<ValueError>("hollow", c.defined() ? "a context was given to a net constructed without one. Leave it out."
                                           : "the net depends on a context. Give it: net.at(t, context), or "
                                             "net.prepare(context).at(t) for many calls.");
  return {time, c.defined() ? context(c) : Tensor()};
}

Tensor PreparedConditioning::operator()(const Tensor& t) const {
  if (t.defined() != time.weight.defined())
    fail<ValueError>("hollow", t.defined() ? "a time was given to a net constructed without time. Leave it out."
                                           : "the net depends on time. Bind it: net.at(t).");
  if (!t.defined()) return part;
  const Tensor own = astype(t, time.weight.dtype());
  const Tensor term = time(own.rank() == 0 ? reshape(own, {1}) : own);
  return part.defined() ? term + part : term;
}

}  // namespace dimwise
