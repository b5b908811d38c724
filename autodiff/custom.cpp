#include "autodiff/custom.hpp"

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/detail/rules.hpp"
#include "autodiff/traced.hpp"

namespace dimwise {

namespace {

std::vector<Tensor> list(std::span<const Tensor> inputs) { return {inputs.begin(), inputs.end()}; }

void check_given(const char* name, const char* part, const Tensor& given, const Tensor& like) {
  if (given.shape() != like.shape())
    fail<ShapeError>(name, "the ", part, " returned shape ", given.shape(), ", expected ", like.shape(), '.');
  if (given.dtype() != like.dtype())
    fail<DTypeError>(name, "the ", part, " returned ", given.dtype(), ", expected ", like.dtype(),
                     ". Cast it with astype.");
}

// The attributes of a call: its rule, and the record that the node refers to, which has the rule's name.
struct CustomCall {
  CustomRule rule;
  Op op;
};

// The record of a rule with a jvp, without a name.
const Op custom_op = [] {
  Op op{nullptr};
  op.forward = [](std::span<const Tensor> in, const Attributes& a) {
    const NoGrad guard;
    const ContextGuard<&ThreadContext::in_custom_forward> marked(true);
    const Tensor y = as<CustomCall>(a).rule.forward(list(in));
    if (!y.defined())
      fail<ValueError>(as<CustomCall>(a).op.name, "the forward returned an undefined value. Return a tensor.");
    return stop_gradient(y);
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    const auto& rule = as<CustomCall>(call.attributes).rule;
    std::vector<Tensor> given = rule.vjp(list(call.inputs), call.output, w);
    if (given.size() != call.inputs.size())
      fail<ValueError>(call.op.name, "the vjp returned ", given.size(), " cotangents for ", call.inputs.size(),
                       " inputs. Return one for each (undefined for zero).");
    for (size_t i = 0; i < given.size(); ++i) {
      if (!result.wanted(i) || !given[i].defined()) continue;
      check_given(call.op.name, "vjp", given[i], call.inputs[i]);
      result.set(i, std::move(given[i]));
    }
  };
  // y' = jvp(x, y, x'): its series gives the series of y, order by order.
  op.jet = [](const Call& call, std::span<const Series> in) {
    const auto& rule = as<CustomCall>(call.attributes).rule;
    const size_t n = in.size();
    std::vector<Series> arguments(in.begin(), in.end());
    arguments.emplace_back(call.output);
    for (const Series& x : in) arguments.push_back(x.derivative());
    std::vector<Tensor> values;
    for (const Series& s : arguments) values.push_back(s.value());
    const Traced derivative(values, [&](const std::vector<Tensor>& a) {
      const auto tangents = a.begin() + static_cast<std::ptrdiff_t>(n) + 1;
      Tensor dy = rule.jvp({a.begin(), tangents - 1}, a[n], {tangents, a.end()});
      if (!dy.defined()) return zeros_like(a[n]);
      check_given(call.op.name, "jvp", dy, a[n]);
      return dy;
    });
    const GradMode recorded = derivative.mode();
    Series& y = arguments[n];
    y.c.push_back(derivative.value());
    for (int k = 1; k < max_order(in); ++k) {
      std::vector<std::vector<Tensor>> coefficients;
      for (const Series& s : arguments) {
        const Series known = s.truncated(k);
        coefficients.emplace_back(known.c.begin() + 1, known.c.end());
      }
      y.c.push_back(detail::integral(derivative.tape().jet(coefficients)[0].at(k), k));
    }
    return y;
  };
  return op;
}();

}  // namespace

Tensor custom(const CustomRule& rule, const std::vector<Tensor>& inputs) {
  if (rule.name.empty())
    fail<ValueError>("custom", "the rule has no name. Give it one, which errors and profiles show.");
  if (!rule.forward || !rule.vjp)
    fail<ValueError>(rule.name.c_str(), "the custom rule has no ", rule.forward ? "vjp" : "forward", ". Give it both.");
  const auto call = std::make_shared<CustomCall>(CustomCall{rule, custom_op});
  call->op.name = call->rule.name.c_str();
  if (!rule.jvp) call->op.jet = nullptr;
  return apply(call->op, Operands(inputs), call);
}

}  // namespace dimwise
