#include "autodiff/op.hpp"

#include <algorithm>
#include <chrono>

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"

namespace dimwise {

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

namespace {

// The first input whose dtype is not that of inputs[0], or null. Throws unless all have values.
const Tensor* of_other_dtype(const char* op, std::span<const Tensor> inputs) {
  const Tensor* other = nullptr;
  for (const Tensor& x : inputs) {
    if (!x.defined()) fail<ValueError>(op, "an input is undefined. Give every input a value.");
    if (!x.node()->buffer.data())
      fail<ValueError>(
          op, "the values of an input, a recorded intermediate of shape ", x.shape(),
          ", were overwritten by a later op, since no variable referred to it. Keep the tensor in a variable.");
    if (!other && x.dtype() != inputs[0].dtype()) other = &x;
  }
  return other;
}

// The first input with axes, whose dtype 0-d ones take, or null.
const Tensor* with_axes(std::span<const Tensor> inputs) {
  const auto found = std::find_if(inputs.begin(), inputs.end(), [](const Tensor& x) { return x.rank() > 0; });
  return found == inputs.end() ? nullptr : &*found;
}

}  // namespace

void check_inputs(const char* op, std::span<const Tensor> inputs) {
  if (const Tensor* other = of_other_dtype(op, inputs))
    fail<DTypeError>(op, "dtypes differ: ", inputs[0].dtype(), " and ", other->dtype(),
                     ". Cast one with astype(x, DType::", inputs[0].dtype(), ").");
}

void promote_inputs(const char* op, std::span<Tensor> inputs) {
  if (!of_other_dtype(op, inputs)) return;
  if (const Tensor* full = with_axes(inputs))
    for (Tensor& x : inputs)
      if (x.rank() == 0) x = astype(x, full->dtype());
  check_inputs(op, inputs);
}

bool can_donate(const Tensor& x, bool read) {
  const Node& node = *x.node();
  return !read && node.owners.load(std::memory_order_acquire) == 1 && node.buffer.unique() &&
         (!node.tracked || (node.op && !node.op->reads_output)) && !thread_context().observer;
}

Tensor donate(const Tensor& x) {
  auto* node = new Node;
  node->dtype = x.dtype();
  node->shape = x.shape();
  node->buffer = std::move(x.node()->buffer);
  return Tensor(node);
}

Tensor apply(const Op& op, Operands inputs, Attributes attributes) {
  if (of_other_dtype(op.name, inputs)) [[unlikely]] {
    if (op.mixed == MixedDTypes::promoted)
      promote_inputs(op.name, {inputs.begin(), inputs.size()});
    else if (op.mixed == MixedDTypes::refused)
      check_inputs(op.name, inputs);
  }
  ThreadContext& thread = thread_context();
  const double start = thread.observer ? seconds() : 0;
  Tensor y = op.forward(inputs, attributes);
  ++thread.ops_evaluated;
  for (Observer* o = thread.observer; o; o = o->outer()) o->evaluated(op, inputs, y, seconds() - start);
  Node& node = *y.node();
  node.in_custom_forward = thread.in_custom_forward;
  if (!thread.recording) return y;
  for (const Tensor& x : inputs) {
    node.tracked = node.tracked || x.tracked();
    if (x.node()->in_custom_forward && !thread.in_custom_forward)
      fail<ValueError>(
          op.name, "an input of shape ", x.shape(),
          " was computed by the forward of a custom rule, which is not recorded: a derivative through it "
          "would be lost. Compute it again from the rule's inputs, or use stop_gradient if it is constant.");
  }
  if (!node.tracked) return y;
  node.op = &op;
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);
  node.scope = thread.scope;
  node.sequence = next_sequence();
  return y;
}

Series jet_of(const Call& call, std::span<const Series> inputs) {
  if (!call.op.jet)
    fail<ValueError>(call.op.name,
                     "has no Taylor rule: push, jet and Taylor mode cannot differentiate it. Give it one (the jvp of a "
                     "custom rule, the jet of an op), or use reverse mode.");
  if (call.op.broadcasts) return call.op.jet(call, inputs);
  std::vector<Series> full(inputs.begin(), inputs.end());
  for (Series& s : full) s.expand();
  return call.op.jet(call, full);
}

Series apply_series(const Op& op, const std::vector<Series>& inputs, const Attributes& attributes) {
  std::vector<Tensor> values;
  values.reserve(inputs.size());
  for (const Series& s : inputs) values.push_back(s.value());
  if (op.mixed == MixedDTypes::promoted && of_other_dtype(op.name, values)) {
    promote_inputs(op.name, values);
    std::vector<Series> cast = inputs;
    for (size_t i = 0; i < cast.size(); ++i) {
      cast[i].c[0] = values[i];
      for (Tensor& c : cast[i].c)
        if (c.defined()) c = astype(c, values[i].dtype());
    }
    return apply_series(op, cast, attributes);
  }
  const Tensor y = apply(op, Operands(values), attributes);
  if (max_order(inputs) == 0) return Series(y);
  return jet_of(Call{op, values, attributes, y}, inputs);
}

}  // namespace dimwise
