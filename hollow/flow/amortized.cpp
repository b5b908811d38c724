#include "hollow/flow/amortized.hpp"

namespace dimwise::detail {

void check_amortized(const char* flow, const AmortizedConfig& config) {
  if (config.d < 1 || config.context < 1 || config.flows < 1)
    fail<ValueError>(flow, "d = ", config.d, ", context = ", config.context, " and flows = ", config.flows,
                     ". All must be at least 1.");
}

void check_point(const char* flow, const Tensor& z, int64_t d, const Tensor& context, int64_t c) {
  if (z.rank() == 0 || z.dim(-1) != d)
    fail<ShapeError>(flow, "z has shape ", z.shape(), ". Its last axis must have length ", d, '.');
  if (!context.defined())
    fail<ValueError>(flow, "the context is missing. Give it: the flow's parameters are computed from it.");
  if (context.rank() == 0 || context.dim(-1) != c)
    fail<ShapeError>(flow, "the context has shape ", context.shape(), ". Its last axis must have length ", c, '.');
}

Tensor each_step(const Linear& layer, const Tensor& context, const Shape& shape) {
  const Tensor numbers = layer(context);
  Shape full = numbers.shape().without(numbers.rank() - 1);
  for (const int64_t n : shape) full.push_back(n);
  return reshape(numbers, full);
}

}  // namespace dimwise::detail
