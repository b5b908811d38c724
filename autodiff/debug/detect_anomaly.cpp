#include "autodiff/debug/detect_anomaly.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/op.hpp"

namespace dimwise {

namespace {

// The index of the first NaN or infinity, or −1; a buffer that a later op has overwritten is skipped.
int64_t first_bad(const Tensor& x) { return x.node()->buffer.data() ? first_non_finite(x) : -1; }

std::string index_text(int64_t flat, const Shape& shape) {
  Shape index = shape;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    index[axis] = flat % shape[axis];
    flat /= shape[axis];
  }
  return index.str();
}

void blame(const char* op, const char* scope, const char* direction, const Tensor& bad, int64_t at) {
  const double value = bad.values()[static_cast<size_t>(at)];
  fail<ValueError>(op, "gave ", std::isnan(value) ? NAN : value, " in the ", direction, " pass at index ",
                   index_text(at, bad.shape()), " of shape ", bad.shape(), scope ? ", scope " : "", scope ? scope : "",
                   ". Its inputs were finite: check their range.");
}

bool all_finite(std::span<const Tensor> tensors) {
  return std::all_of(tensors.begin(), tensors.end(), [](const Tensor& t) { return !t.defined() || first_bad(t) < 0; });
}

}  // namespace

void DetectAnomaly::evaluated(const Op& op, std::span<const Tensor> inputs, const Tensor& output, double) {
  const int64_t at = first_bad(output);
  if (at < 0 || !all_finite(inputs)) return;
  if (const Call* call = thread_context().vjp)
    blame(call->op.name, call->output.node()->scope, "reverse", output, at);
  else
    blame(op.name, thread_context().scope, "forward", output, at);
}

void DetectAnomaly::pulled(const Call& call, const Tensor& cotangent, std::span<const Tensor> cotangents, double) {
  for (const Tensor& g : cotangents)
    if (g.defined())
      if (const int64_t at = first_bad(g); at >= 0 && first_bad(cotangent) < 0 && all_finite(call.inputs))
        blame(call.op.name, call.output.node()->scope, "reverse", g, at);
}

}  // namespace dimwise
