#include "ops/linear_combination.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/detail/rules.hpp"
#include "ops/detail/all_ops.hpp"

namespace dimwise {

namespace {

// Two terms per pass: the sum stays in the first-level cache while the terms are streamed.
template <class T>
void combine(std::span<const Tensor> xs, const std::vector<double>& coefficients, T* out, int64_t n) {
  constexpr int64_t part = 1024;
  for (int64_t begin = 0; begin < n; begin += part) {
    Into<T> y(out + begin, std::min(part, n - begin));
    const Elements<T> sum(out + begin);
    const auto x = [&](size_t i) { return Elements<T>(xs[i].node()->data<T>() + begin); };
    const auto c = [&](size_t i) { return static_cast<T>(coefficients[i]); };
    size_t i = xs.size() % 2;
    if (i == 1) y = c(0) * x(0);
    if (i == 0) y = c(0) * x(0) + c(1) * x(1), i = 2;
    for (; i < xs.size(); i += 2) y = sum + c(i) * x(i) + c(i + 1) * x(i + 1);
  }
}

const Op linear_combination_op = [] {
  Op op{"linear_combination"};
  op.forward = [](std::span<const Tensor> in, const Attributes& attributes) {
    Tensor y = empty(in[0].shape(), in[0].dtype());
    dispatch(y.dtype(), [&](auto t) {
      using T = decltype(t);
      combine<T>(in, as<std::vector<double>>(attributes), mutable_data<T>(y), y.size());
    });
    return y;
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    const auto& coefficients = as<std::vector<double>>(call.attributes);
    for (size_t i = 0; i < call.inputs.size(); ++i)
      if (result.wanted(i)) result.set(i, scale(w, coefficients[i]));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    const auto& coefficients = as<std::vector<double>>(call.attributes);
    Series y(call.output);
    const int order = max_order(in);
    for (int k = 1; k <= order; ++k) {
      std::vector<Tensor> terms;
      std::vector<double> numbers;
      for (size_t i = 0; i < in.size(); ++i) {
        if (!in[i].at(k).defined()) continue;
        terms.push_back(in[i].at(k));
        numbers.push_back(coefficients[i]);
      }
      y.c.push_back(terms.empty() ? Tensor() : linear_combination(terms, numbers));
    }
    return y;
  };
  return op;
}();

}  // namespace

Tensor linear_combination(const std::vector<Tensor>& xs, const std::vector<double>& coefficients) {
  if (xs.empty()) fail<ShapeError>("linear_combination", "the list is empty. Give at least one tensor.");
  if (xs.size() != coefficients.size())
    fail<ValueError>("linear_combination", coefficients.size(), " coefficients for ", xs.size(),
                     " tensors. Give one for each.");
  check_inputs("linear_combination", xs);
  std::vector<Tensor> terms;
  std::vector<double> numbers;
  terms.reserve(xs.size());
  numbers.reserve(xs.size());
  for (size_t i = 0; i < xs.size(); ++i) {
    if (xs[i].shape() != xs[0].shape())
      fail<ShapeError>("linear_combination", "shapes differ: ", xs[0].shape(), " and ", xs[i].shape(),
                       ". Broadcast them first.");
    if (coefficients[i] == 0) continue;
    terms.push_back(xs[i]);
    numbers.push_back(coefficients[i]);
  }
  if (terms.empty()) return zeros_like(xs[0]);
  return apply(linear_combination_op, Operands(std::move(terms)), attributes(std::move(numbers)));
}

std::vector<const Op*> combination_ops() { return {&linear_combination_op}; }

}  // namespace dimwise
