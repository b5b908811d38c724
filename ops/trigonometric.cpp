#include "ops/elementwise.hpp"

#include "autodiff/record.hpp"
#include "ops/all_ops.hpp"
#include "ops/arithmetic.hpp"
#include "ops/lanes.hpp"
#include "ops/series.hpp"
#include "ops/transcendental.hpp"

namespace dimwise {

namespace {

const Op sin_op = record::elementwise(
    "sin", [](auto x) { return sin(x); }, [](auto x) { return cos(x); });
const Op cos_op = record::elementwise(
    "cos", [](auto x) { return cos(x); }, [](auto x) { return -sin(x); });
const Op tanh_op = record::elementwise(
    "tanh", [](auto x) { return lanes::tanh(x); }, [](auto, auto y) { return 1.0f - y * y; });

}  // namespace

Tensor sin(Tensor x) { return apply(sin_op, {std::move(x)}); }
Tensor cos(Tensor x) { return apply(cos_op, {std::move(x)}); }
Tensor tanh(Tensor x) { return apply(tanh_op, {std::move(x)}); }

Series sin(const Series& x) { return apply_series(sin_op, {x}); }
Series cos(const Series& x) { return apply_series(cos_op, {x}); }

std::vector<const Op*> trigonometric_ops() { return {&sin_op, &cos_op, &tanh_op}; }

}  // namespace dimwise
