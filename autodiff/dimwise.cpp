#include "autodiff/dimwise.hpp"

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/detail/diagonal_check.hpp"
#include "autodiff/traced.hpp"

namespace dimwise {

namespace {

void check_order(int order) {
  if (order < 1) fail<ValueError>("dimwise", "order ", order, " requested. Use 1 or more.");
}

void check_shapes(const Tensor& y, const Tensor& x) {
  if (y.shape() != x.shape())
    fail<ShapeError>("dimwise", "y has shape ", y.shape(), ", but x has ", x.shape(),
                     ". Dimension-wise derivatives need one output for each input.");
}

// Reverse mode for order 1, one jet for higher orders: bench/sweep measures both.
bool use_taylor(const Tape& tape, int order, DimwiseMethod method) {
  if (method == DimwiseMethod::automatic) return order >= 2 && tape.has_jets();
  return method == DimwiseMethod::taylor;
}

// {D¹, …, D^k} of tape's output, all recorded except the last, which is recorded only if `last`.
std::vector<Tensor> derivatives(const Tape& tape, int order, DimwiseMethod method, bool last) {
  const Tensor& x = tape.inputs()[0];
  std::vector<Tensor> result;
  if (use_taylor(tape, order, method)) {
    const GradMode recorded(recording() && last);
    std::vector<Tensor> line(static_cast<size_t>(order));
    line[0] = ones({}, x.dtype());
    const Series series = tape.jet({line})[0];
    double factorial = 1;
    for (int k = 1; k <= order; ++k) {
      factorial *= k;
      result.push_back(series.at(k).defined() ? scale(series.at(k), factorial) : zeros_like(x));
    }
    return result;
  }
  for (int k = 1; k <= order; ++k) {
    const GradMode recorded(k < order || (recording() && last));
    const auto pulled = [&](const Tape& from) { return from.pull({ones({}, x.dtype())})[0]; };
    result.push_back(k == 1
                         ? pulled(tape)
                         : pulled(Tape({result.back()}, {x}, {.holding = tape.holding(), .require_held_used = false})));
  }
  return result;
}

}  // namespace

Tensor dimwise(const Tensor& y, const Tensor& x, const DimwiseOptions& options) {
  check_order(options.order);
  const Tape tape({y}, {x}, {.holding = options.holding});
  check_shapes(y, x);
  if (detail::checked(tape)) detail::check_diagonal(tape);
  return derivatives(tape, options.order, options.method, options.record).back();
}

std::vector<Tensor> detail::dimwise(const Tensor& x, int order, DimwiseMethod method,
                                    const std::function<Tensor(const Tensor&)>& transformer, const Held& h,
                                    const std::function<Held(const Tensor&)>& conditioner) {
  check_order(order);
  const Traced traced(x, transformer);
  check_shapes(traced.y(), x);
  if (checked(traced.tape())) {
    check_diagonal(traced.tape());
    check_conditioner(x, h, conditioner);
  }
  const GradMode recorded = traced.mode();
  std::vector<Tensor> result = derivatives(traced.tape(), order, method, true);
  result.insert(result.begin(), traced.y());
  for (Tensor& t : result) t = traced.result(std::move(t));
  return result;
}

Tensor detail::sum_of_last_axis(const Tensor& x) {
  const Shape batch = x.shape().without(x.shape().normalize(-1));
  return reshape(sum_to(x, batch.with(batch.rank(), 1)), batch);
}

}  // namespace dimwise
