#include "autodiff/checkpoint.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "autodiff/detail/packing.hpp"
#include "autodiff/detail/rules.hpp"
#include "autodiff/tape.hpp"

namespace dimwise {

namespace {

using List = std::vector<Tensor>;

// The attributes of a checkpoint: the function, and the number of its arguments among the node's inputs. The other
// inputs are captured tensors.
struct Recompute {
  std::function<Tensor(const List&)> f;
  size_t arguments;
  Tensor value;
};

// Recomputes the inner tape, from the arguments' aliases and the captured tensors to the output.
Tape recompute(const Recompute& a, List inputs) {
  const EnableGrad guard;
  const uint64_t begin = next_sequence();
  const auto arguments = inputs.begin() + static_cast<std::ptrdiff_t>(a.arguments);
  std::transform(inputs.begin(), arguments, inputs.begin(), alias);
  const Tensor y = a.f({inputs.begin(), arguments});
  Tape tape({y}, inputs, {.cut_at_inputs = true});
  if (tape.has_captures())
    for (const Tensor& t : captured(y, inputs, begin))
      if (std::none_of(arguments, inputs.end(), [&](const Tensor& known) { return known.node() == t.node(); }))
        fail<ValueError>("checkpoint", "computed again, the function depends on a tracked tensor of shape ", t.shape(),
                         " that it did not capture at first, whose gradient would be lost. Make it an argument.");
  return tape;
}

// The results of a sweep of the inner tape in some directions. If they are recorded, they are a checkpoint as well, of
// (arguments, directions) ↦ results: the sweep is computed again when it is differentiated.
template <class Sweep>
List swept(const Call& call, const List& directions, const Sweep& sweep) {
  const auto& a = as<Recompute>(call.attributes);
  const List inputs(call.inputs.begin(), call.inputs.end());
  const auto tracked = [](const Tensor& x) { return x.tracked(); };
  const bool recorded = recording() && (std::any_of(inputs.begin(), inputs.end(), tracked) ||
                                        std::any_of(directions.begin(), directions.end(), tracked));
  const NoGrad guard;
  List results = sweep(recompute(a, inputs), directions);
  if (!recorded) return results;

  const auto n = static_cast<std::ptrdiff_t>(a.arguments);
  const auto again = [attributes = call.attributes, inputs, n, sweep](const List& in) {
    List all = inputs;
    std::copy_n(in.begin(), n, all.begin());
    return pack(sweep(recompute(as<Recompute>(attributes), std::move(all)), {in.begin() + n, in.end()}));
  };
  List all = inputs;
  all.insert(all.begin() + n, directions.begin(), directions.end());
  Attributes repeated = attributes(Recompute{again, a.arguments + directions.size(), pack(results)});
  const EnableGrad record;
  return unpack(apply(call.op, Operands(std::move(all)), std::move(repeated)), results);
}

const Op checkpoint_op = [] {
  Op op{"checkpoint"};
  op.mixed = MixedDTypes::kept;
  op.forward = [](std::span<const Tensor>, const Attributes& a) { return stop_gradient(as<Recompute>(a).value); };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    std::vector<size_t> wanted;
    for (size_t i = 0; i < call.inputs.size(); ++i)
      if (result.wanted(i)) wanted.push_back(i);
    List g = swept(call, {w}, [wanted](Tape tape, const List& in) {
      const List all = std::move(tape).pull(in);
      List some;
      for (const size_t i : wanted) some.push_back(all[i]);
      return some;
    });
    for (size_t k = 0; k < wanted.size(); ++k) result.set(wanted[k], std::move(g[k]));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    const int order = max_order(in);
    if (order == 0) return Series(call.output);
    List defined;
    std::vector<std::vector<bool>> places;
    for (const Series& s : in) {
      std::vector<bool>& place = places.emplace_back();
      for (int k = 1; k <= order; ++k) {
        place.push_back(s.at(k).defined());
        if (s.at(k).defined()) defined.push_back(s.at(k));
      }
    }
    List c = swept(call, defined, [places](const Tape& tape, const List& given) {
      auto next = given.begin();
      std::vector<List> coefficients;
      for (const std::vector<bool>& place : places) {
        List& list = coefficients.emplace_back();
        for (const bool is_defined : place) list.push_back(is_defined ? *next++ : Tensor());
      }
      const Series y = tape.jet(coefficients)[0];
      List c;
      for (int k = 1; k <= static_cast<int>(places[0].size()); ++k)
        c.push_back(y.at(k).defined() ? y.at(k) : zeros_like(y.value()));
      return c;
    });
    c.insert(c.begin(), call.output);
    return Series(std::move(c));
  };
  return op;
}();

}  // namespace

Tensor checkpoint(const std::function<Tensor(const List&)>& f, const List& inputs) {
  if (!recording()) return f(inputs);
  // f runs once, recorded, to find the tracked tensors it captures; the inner ops are then dropped.
  const uint64_t begin = next_sequence();
  List arguments, all = inputs;
  for (const Tensor& x : inputs) arguments.push_back(alias(x));
  const Tensor y = f(arguments);
  for (const Tensor& t : captured(y, arguments, begin)) all.push_back(t);
  return apply(checkpoint_op, Operands(all), attributes(Recompute{f, inputs.size(), stop_gradient(y)}));
}

}  // namespace dimwise
