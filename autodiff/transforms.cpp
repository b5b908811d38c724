#include "autodiff/transforms.hpp"

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/traced.hpp"

namespace dimwise {

namespace {

void check_scalar(const char* where, const Tensor& y) {
  if (y.size() != 1)
    fail<ShapeError>(where, "the result has shape ", y.shape(),
                     ", expected one element"
                     ". Sum it, or use vjp or jacobian.");
}

// A Jacobian of shape (y's…, x's…), by one pull for each element of y.
template <class Pull>
Tensor rows_by(const Tensor& y, const Tensor& x, Pull&& pull) {
  const int64_t m = y.size();
  std::vector<Tensor> rows;
  for (int64_t i = 0; i < m; ++i) rows.push_back(pull(reshape(place_row(scalar(1, y.dtype()), i, m), y.shape())));
  Shape shape = y.shape();
  for (const int64_t dim : x.shape()) shape.push_back(dim);
  if (m == 0) return zeros(shape, x.dtype());
  return reshape(stack(rows), shape);
}

// The tape from x to the gradient of y, which is recorded for the second derivative. The gradient need not use all held
// tensors.
Tape gradient_tape(const Tensor& y, const Tensor& x, const GradOptions& options) {
  const EnableGrad guard;
  const Tensor g = grad(y, x, {.holding = options.holding});
  return Tape({g}, {x}, {.holding = options.holding, .require_held_used = false});
}

}  // namespace

Tensor grad(const Tensor& y, const Tensor& x, const GradOptions& options) {
  return grad(y, std::vector<Tensor>{x}, options)[0];
}

std::vector<Tensor> grad(const Tensor& y, const std::vector<Tensor>& xs, const GradOptions& options) {
  check_scalar("grad", y);
  const Tape tape({y}, xs, {.holding = options.holding});
  const GradMode recorded(recording() && options.record);
  return tape.pull({ones_like(y)});
}

Tensor vjp(const Tensor& y, const Tensor& x, const Tensor& w, const GradOptions& options) {
  const Tape tape({y}, {x}, {.holding = options.holding});
  const GradMode recorded(recording() && options.record);
  return tape.pull({w})[0];
}

Tensor jvp(const Tensor& y, const Tensor& x, const Tensor& v, const GradOptions& options) {
  const Tape tape({y}, {x}, {.holding = options.holding});
  const GradMode recorded(recording() && options.record);
  return tape.push({v})[0];
}

Tensor hvp(const Tensor& y, const Tensor& x, const Tensor& v, const GradOptions& options) {
  const Tape tape = gradient_tape(y, x, options);
  const GradMode recorded(recording() && options.record);
  return tape.push({v})[0];
}

Tensor jacobian(const Tensor& y, const Tensor& x, const GradOptions& options) {
  const Tape tape({y}, {x}, {.holding = options.holding});
  const GradMode recorded(recording() && options.record);
  return rows_by(y, x, [&](const Tensor& w) { return tape.pull({w})[0]; });
}

Tensor hessian(const Tensor& y, const Tensor& x, const GradOptions& options) {
  const Tape tape = gradient_tape(y, x, options);
  const GradMode recorded(recording() && options.record);
  return rows_by(x, x, [&](const Tensor& w) { return tape.pull({w})[0]; });
}

Function grad(Function f) {
  return [f = std::move(f)](const Tensor& x) { return value_and_grad(f, x).second; };
}

std::pair<Tensor, Tensor> detail::value_and_grad(const Function& f, const Tensor& x) {
  const Traced traced(x, f);
  check_scalar("value_and_grad", traced.y());
  return {traced.value(), traced.pull(ones_like(traced.y()))[0]};
}

std::pair<Tensor, Tensor> vjp(const Function& f, const Tensor& x, const Tensor& w) {
  const Traced traced(x, f);
  return {traced.value(), traced.pull(w)[0]};
}

std::pair<Tensor, Tensor> jvp(const Function& f, const Tensor& x, const Tensor& v) {
  const Traced traced(x, f);
  const GradMode recorded = traced.mode(v);
  return {traced.value(), traced.tape().push({v})[0]};
}

Tensor hvp(const Function& f, const Tensor& x, const Tensor& v) { return jvp(grad(f), x, v).second; }

Tensor jacobian(const Function& f, const Tensor& x) {
  const Traced traced(x, f);
  return rows_by(traced.y(), x, [&](const Tensor& w) { return traced.pull(w)[0]; });
}

Tensor hessian(const Function& f, const Tensor& x) { return jacobian(grad(f), x); }

}  // namespace dimwise
