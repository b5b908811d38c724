#include "autodiff/checkpoint.hpp"

#include "autodiff/detail/rules.hpp"
#include "autodiff/tape.hpp"

namespace dimwise {

namespace {

// The attributes of a checkpoint: the function, and the number of its arguments among the node's inputs. The other
// inputs are captured tensors.
struct Recompute {
  std::function<Tensor(const std::vector<Tensor>&)> f;
  size_t arguments;
  Tensor value;
};

// Recomputes the inner tape, from the arguments' aliases and the captured tensors to the output.
Tape recompute(const Call& call) {
  const auto& a = as<Recompute>(call.attributes);
  std::vector<Tensor> inputs(call.inputs.begin(), call.inputs.end());
  const EnableGrad guard;
  for (size_t i = 0; i < a.arguments; ++i) inputs[i] = alias(inputs[i]);
  const Tensor y = a.f({inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(a.arguments)});
  return Tape({y}, inputs, {.cut_at_inputs = true});
}

const Op checkpoint_op = [] {
  Op op{"checkpoint"};
  op.forward = [](std::span<const Tensor>, const Attributes& a) { return stop_gradient(as<Recompute>(a).value); };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    const std::vector<Tensor> g = recompute(call).pull({w});
    for (size_t i = 0; i < g.size(); ++i)
      if (result.wanted(i)) result.set(i, g[i]);
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    std::vector<std::vector<Tensor>> coefficients;
    for (const Series& s : in) coefficients.emplace_back(s.c.begin() + 1, s.c.end());
    Series y = recompute(call).jet(coefficients)[0];
    y.c[0] = call.output;
    return y;
  };
  return op;
}();

}  // namespace

Tensor checkpoint(const std::function<Tensor(const std::vector<Tensor>&)>& f, const std::vector<Tensor>& inputs) {
  if (!recording()) return f(inputs);
  // f runs once, recorded, to find the tracked tensors it captures; the inner ops are then dropped.
  const uint64_t begin = next_sequence();
  std::vector<Tensor> arguments, all = inputs;
  for (const Tensor& x : inputs) arguments.push_back(alias(x));
  const Tensor y = f(arguments);
  for (const Tensor& t : captured(y, arguments, begin)) all.push_back(t);
  return apply(checkpoint_op, Operands(all), attributes(Recompute{f, inputs.size(), stop_gradient(y)}));
}

}  // namespace dimwise
