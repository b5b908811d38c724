// The cost of one op apart from its arithmetic: chains of 1000 ops on one element.
#include "autodiff/transforms.hpp"
#include "bench/common.hpp"
#include "bench/limits/limits.hpp"
#include "bench/peers/peers.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"

namespace {

using namespace dimwise;
using namespace dimwise::bench;

constexpr int ops = 1000;

const Twin& torch() {
  static const Twin twin = torch_overhead();
  return twin;
}
const Twin& limit() {
  static const Twin twin = limit_overhead();
  return twin;
}

template <class Op>
Tensor chain(const Tensor& a, Op op) {
  Tensor y = a;
  for (int i = 0; i < ops; ++i) y = op(y);
  return y;
}

Row row(const std::string& twin, std::function<void()> ours, std::vector<Target> targets) {
  return {.ours = std::move(ours),
          .libtorch = find(torch(), twin),
          .limit = find(limit(), twin),
          .per = ops,
          .targets = std::move(targets)};
}

const bool added = [] {
  const Tensor a = track(ones({1})), b = track(ones({1}));
  const std::vector<Target> once = {{"ours", 500e-9}, {"ours/libtorch", 0.1}}, twice = {{"ours/libtorch", 0.15}};
  add_row("op of one element: add, forward and backward", [=] {
    return row(
        "add",
        [=] {
          keep(grad(chain(a, [&](const Tensor& y) { return y + b; }), {a, b}, {.record = false})[0].node());
        },
        once);
  });
  add_row("op of one element: mul, forward and backward", [=] {
    return row(
        "mul",
        [=] {
          keep(grad(chain(a, [&](const Tensor& y) { return y * b; }), {a, b}, {.record = false})[0].node());
        },
        once);
  });
  add_row("op of one element: tanh, forward and backward", [=] {
    return row(
        "tanh", [=] { keep(grad(chain(a, [](const Tensor& y) { return tanh(y); }), a, {.record = false}).node()); },
        once);
  });
  const auto first = [=] { return grad(chain(a, [&](const Tensor& y) { return y * b; }), a); };
  add_row("op of one element: mul, forward and recorded backward", [=] {
    return row(
        "recorded", [=] { keep(first().node()); }, twice);
  });
  add_row("op of one element: mul, forward and double backward", [=] {
    return row(
        "second", [=] { keep(grad(first(), b, {.record = false}).node()); }, twice);
  });
  return true;
}();

}  // namespace
