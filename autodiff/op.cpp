#include "autodiff/op.hpp"

#include "autodiff/error.hpp"
#include "autodiff/observer.hpp"

namespace dimwise {

namespace {
thread_local int64_t evaluated = 0;
thread_local Observer* observer = nullptr;
thread_local const char* scope = nullptr;
thread_local const Call* pulling = nullptr;
}  // namespace

Observer::Observer() : outer_(observer) { observer = this; }
Observer::~Observer() { observer = outer_; }
Observer* Observer::current() { return observer; }
Pulling::Pulling(const Call& call) : before_(pulling) { pulling = &call; }
Pulling::~Pulling() { pulling = before_; }
const Call* Pulling::current() { return pulling; }
Scope::Scope(const char* name) : before_(scope) { scope = name; }
Scope::~Scope() { scope = before_; }
const char* Scope::current() { return scope; }

int64_t ops_evaluated() { return evaluated; }

void check_inputs(const char* op, std::span<const Tensor> inputs) {
  for (const Tensor& x : inputs) {
    if (!x.defined()) fail<ValueError>(op, "an input is undefined. Every input must be a tensor with values.");
    if (!x.node()->buffer.data())
      fail<ValueError>(op, "the values of an input, a recorded intermediate of shape ", x.shape(),
                       ", were written over by a later op, since nobody held it. Hold the tensor.");
    if (x.dtype() != inputs[0].dtype())
      fail<DTypeError>(op, "dtypes differ: ", inputs[0].dtype(), " and ", x.dtype(),
                       ". Cast one with astype(x, DType::", inputs[0].dtype(), ").");
  }
}

bool dies(const Tensor& x, bool read) {
  const Node& node = *x.node();
  return !read && node.owners.load(std::memory_order_acquire) == 1 && node.buffer.unique() &&
         (!node.tracked || (node.op && !node.op->reads_output)) && !observer;
}

Tensor take_memory(const Tensor& x) {
  Tensor y = share(x, x.shape());
  x.node()->buffer = Buffer();
  return y;
}

Tensor empty_or_reuse(const Tensor& x, bool read) {
  return dies(x, read) ? take_memory(x) : empty(x.shape(), x.dtype());
}

Tensor apply(const Op& op, Operands inputs, Attributes attributes) {
  check_inputs(op.name, inputs);
  for (Observer* o = observer; o; o = o->outer()) o->before();
  Tensor y = op.forward(inputs, attributes);
  ++evaluated;
  for (Observer* o = observer; o; o = o->outer()) o->evaluated(op, inputs, y);
  if (!recording()) return y;
  for (const Tensor& x : inputs)
    if (x.tracked()) {
      Node& node = *y.node();
      node.tracked = true;
      node.op = &op;
      node.inputs = std::move(inputs);
      node.attributes = std::move(attributes);
      node.scope = scope;
      node.sequence = next_sequence();
      break;
    }
  return y;
}

Series run_jet(const Call& call, std::span<const Series> inputs) {
  if (!call.op.jet)
    fail<ValueError>(call.op.name, "has no Taylor rule: push, jet and Taylor mode cannot pass it. Use reverse mode.");
  if (call.op.broadcasts) return call.op.jet(call, inputs);
  std::vector<Series> full(inputs.begin(), inputs.end());
  for (Series& s : full) s.expand();
  return call.op.jet(call, full);
}

Series apply_series(const Op& op, const std::vector<Series>& inputs, const Attributes& attributes) {
  std::vector<Tensor> values;
  values.reserve(inputs.size());
  for (const Series& s : inputs) values.push_back(s.value());
  const Tensor y = apply(op, Operands(values), attributes);
  if (max_order(inputs) == 0) return Series(y);
  return run_jet(Call{op, values, attributes, y}, inputs);
}

}  // namespace dimwise
