// Copies of permuted, sliced, reversed, concatenated and padded elements: ours by loops, and as `limit` the same by
// xtensor's views. These figures are why the ops of `ops/layout.cpp` are loops: a view of one column, of a reversed
// axis or of a transpose takes more than 1.3 times as long.
#include "autodiff/kernels/xtensor.hpp"

#include <array>
#include <memory>
#include <xtensor/xadapt.hpp>
#include <xtensor/xbuilder.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

#include "bench/common.hpp"
#include "ops/layout.hpp"

namespace {

using namespace dimwise;
using namespace dimwise::bench;

using Matrix = xt::xtensor<float, 2>;

// Ours against `view(x)`, an expression of xtensor that is assigned without a temporary.
template <class View>
void add(const std::string& name, const Shape& shape, std::function<Tensor(const Tensor&)> ours, View view) {
  add_row("view of " + shape.str() + ": " + name, [=] {
    const Tensor x = made(shape, 1, 1);
    const auto from =
        std::make_shared<Matrix>(xt::adapt(x.data<float>().data(), static_cast<size_t>(x.size()), xt::no_ownership(),
                                           std::array{static_cast<size_t>(shape[0]), static_cast<size_t>(shape[1])}));
    const auto to = std::make_shared<Matrix>(view(*from));
    return Row{.ours = [=] { keep(ours(x).node()); }, .limit = [=] { xt::noalias(*to) = view(*from); }};
  });
}

const bool added = [] {
  for (const Shape& shape : {Shape{64, 64}, Shape{512, 512}, Shape{4096, 8}}) {
    const int64_t columns = shape[1];
    add(
        "transpose", shape, [](const Tensor& x) { return transpose(x); },
        [](const Matrix& x) { return xt::transpose(x); });
    add(
        "half of the columns", shape, [=](const Tensor& x) { return slice(x, 1, 0, columns / 2); },
        [=](const Matrix& x) { return xt::view(x, xt::all(), xt::range(0, columns / 2)); });
    add(
        "one column", shape, [=](const Tensor& x) { return slice(x, 1, 1, 2); },
        [=](const Matrix& x) { return xt::view(x, xt::all(), xt::range(1, 2)); });
    add(
        "half of the rows", shape, [=](const Tensor& x) { return slice(x, 0, 0, x.dim(0) / 2); },
        [=](const Matrix& x) { return xt::view(x, xt::range(0, x.shape(0) / 2), xt::all()); });
    add(
        "reversed columns", shape, [](const Tensor& x) { return flip(x, 1); },
        [](const Matrix& x) {
          return xt::view(x, xt::all(), xt::range(xt::placeholders::_, xt::placeholders::_, -1));
        });
    add(
        "joined along columns", shape,
        [](const Tensor& x) {
          return concat({x, x}, 1);
        },
        [](const Matrix& x) { return xt::concatenate(xt::xtuple(x, x), 1); });
    add(
        "joined along rows", shape,
        [](const Tensor& x) {
          return concat({x, x}, 0);
        },
        [](const Matrix& x) { return xt::concatenate(xt::xtuple(x, x), 0); });
  }
  return true;
}();

}  // namespace
