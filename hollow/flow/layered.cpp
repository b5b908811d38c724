#include "hollow/flow/layered.hpp"

#include <algorithm>

#include "nn/distributions/normal.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise::detail {

std::vector<int64_t> layered_widths(const LayeredConfig& config) {
  return config.hidden.empty() ? std::vector<int64_t>(2, std::max<int64_t>(64, config.d)) : config.hidden;
}

void check_layered(const char* flow, const LayeredConfig& config) {
  if (config.d < 1 || config.layers < 1 || config.context < 0)
    fail<ValueError>(flow, "d = ", config.d, ", ", config.layers, " layers and context = ", config.context,
                     ". d and layers must be at least 1, context at least 0.");
  for (const int64_t width : config.hidden)
    if (width < 1) fail<ValueError>(flow, "a hidden layer of width ", width, ". Use at least 1.");
}

void check_layered_point(const char* flow, const Tensor& x, int64_t d, const Tensor& context, int64_t c) {
  if (x.rank() == 0 || x.dim(-1) != d)
    fail<ShapeError>(flow, "the points have shape ", x.shape(), ". Their last axis must have length ", d, '.');
  if (context.defined() != (c > 0))
    fail<ValueError>(flow, c > 0 ? "the context is missing. Give it: the flow was constructed with one."
                                 : "a context was given to a flow constructed without one. Leave it out.");
  if (c > 0 && (context.rank() == 0 || context.dim(-1) != c))
    fail<ShapeError>(flow, "the context has shape ", context.shape(), ". Its last axis must have length ", c, '.');
}

Tensor layered_log_prob(const FlowResult& base) {
  return StandardNormal{.d = base.x.dim(-1)}.log_prob(base.x) + base.log_det;
}

}  // namespace dimwise::detail
