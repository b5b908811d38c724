#include "ops/layout.hpp"

#include <cmath>
#include <limits>

#include "autodiff/base/error.hpp"
#include "autodiff/transforms.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/ops/table.hpp"

namespace dimwise::layout_tests {

using namespace dimwise::table;

namespace {
Tensor counting(const Shape& shape) {
  return reshape(arange(static_cast<double>(shape.size()), DType::float64), shape);
}
using Values = std::vector<double>;
}  // namespace

std::vector<Entry> entries() {
  const auto matrices = normals({{{2, 2}}, {{2, 3}}, {{3, 1}}, {{0, 2}}, {{2, 1, 2}}, {{1, 2, 2, 3}}});
  return {
      {"transpose",
       {"transpose"},
       [](const Inputs& in) { return transpose(in[0]); },
       matrices,
       nullptr,
       {{[] { transpose(zeros({2})); }, "[transpose] shape (2,) has fewer than two axes. Reshape it to a matrix."},
        {[] {
           transpose(zeros({2, 3}), {0});
         },
         "[transpose] order (0,) does not contain every axis of shape (2, 3)."},
        {[] {
           transpose(zeros({2, 3}), {0, -2});
         },
         "[transpose] order (0, -2) contains axis 0 twice."},
        {[] {
           transpose(zeros({2, 3}), {0, 2});
         },
         "[axis] axis 2 is out of range for shape (2, 3)."}}},
      {"transpose",
       {"transpose"},
       [](const Inputs& in) {
         return transpose(in[0], {2, 0, -2});
       },
       normals({{{2, 1, 2}}, {{2, 3, 2}}, {{0, 2, 1}}})},
      {"concat",
       {"concat"},
       [](const Inputs& in) {
         return concat({in[0], in[1], in[0]}, -2);
       },
       normals({{{1, 2}, {2, 2}}, {{0, 2}, {1, 2}}, {{2, 1, 2}, {2, 2, 2}}}),
       nullptr,
       {{[] { concat({}); }, "[concat] the list is empty. Give at least one tensor."},
        {[] {
           concat({zeros({2, 3}), zeros({2, 2})}, 0);
         },
         "[concat] shapes differ other than along axis 0: (2, 3) and (2, 2)."},
        {[] {
           concat({zeros({2}), Tensor()});
         },
         "[concat] an input is undefined."},
        {[] {
           concat({zeros({2}), zeros({2}, DType::float64)});
         },
         "[concat] dtypes differ: float32 and float64."}}},
      {"stack",
       {"concat", "reshape"},
       [](const Inputs& in) {
         return stack({in[0], in[1]}, -1);
       },
       normals({{{2}, {2}}, {{}, {}}, {{2, 0}, {2, 0}}, {{2, 3}, {2, 3}}}),
       nullptr,
       {{[] { stack(std::vector<Tensor>{}, 0); }, "[stack] the list is empty. Give at least one tensor."},
        {[] {
           stack({zeros({2}), zeros({3})}, 0);
         },
         "[stack] shapes differ: (2,) and (3,). Reshape or pad them first."},
        {[] {
           stack({zeros({2}), zeros({2})}, 2);
         },
         "[axis] axis 2 is out of range"}}},
      {"slice",
       {"slice"},
       [](const Inputs& in) {
         return concat({slice(in[0], 0, 1, -1), slice(in[0], 0, 0, 4, 3), slice(in[0], 0, 2, 2)}, 0);
       },
       normals({{{4}}, {{4, 2}}, {{5, 1, 2}}, {{4, 0}}}),
       nullptr,
       {{[] { slice(zeros({3}), 0, 0, 4); }, "[slice] range 0 … 4 is not within axis 0 of shape (3,)."},
        {[] { slice(zeros({3}), 0, 2, 1); }, "[slice] range 2 … 1 is not within axis 0 of shape (3,)."},
        {[] { slice(zeros({3}), 0, -4, 1); }, "[slice] range -4 … 1"},
        {[] { slice(zeros({3}), 0, 0, 3, 0); }, "[slice] step 0 must be positive. Use flip to reverse an axis."}}},
      {"select",
       {"slice", "reshape"},
       [](const Inputs& in) { return select(in[0], -1, -1) + select(in[0], -1, 0); },
       normals({{{3}}, {{2, 3}}, {{2, 1, 1, 2}}}),
       nullptr,
       {{[] {
           select(zeros({2, 3}), 1, 3);
         },
         "[select] element 3 is not in axis 1 of shape (2, 3)."},
        {[] {
           select(zeros({2, 3}), 1, -4);
         },
         "[select] element -4 is not in axis 1 of shape (2, 3)."}}},
      {"pad",
       {"pad"},
       [](const Inputs& in) { return pad(pad(in[0], -1, 1, 2, 0.5), 0, 0, 1, 0, 2); },
       normals({{{2}}, {{2, 2}}, {{2, 0}}, {{2, 1, 2}}}),
       nullptr,
       {{[] { pad(zeros({3}), 0, -1, 0); },
         "[pad] lengths -1, 0, 0 must not be negative. Use slice to remove elements."},
        {[] { pad(zeros({3}), 0, 0, 0, 0, int64_t{1} << 62); },
         "[pad] lengths 0, 0, 4611686018427387904 are more than memory can hold. Use smaller ones."}}},
      {"flip",
       {"flip"},
       [](const Inputs& in) { return flip(in[0], 0); },
       normals({{{3}}, {{2, 3}}, {{0, 2}}, {{1, 2, 2, 1}}}),
       nullptr,
       {{[] { flip(zeros({}), 0); }, "[axis] axis 0 is out of range for shape ()."}}},
      {"triu",
       {"triangle"},
       [](const Inputs& in) { return triu(in[0]) + 2.0 * triu(in[0], 1) - 0.7 * triu(in[0], -1); },
       matrices,
       nullptr,
       {{[] { triu(zeros({2})); }, "[triu] shape (2,) has fewer than two axes."}}},
      {"tril",
       {"triangle"},
       [](const Inputs& in) { return tril(in[0]) + 2.0 * tril(in[0], 1) - 0.7 * tril(in[0], -1); },
       matrices,
       nullptr,
       {{[] { tril(zeros({2})); }, "[tril] shape (2,) has fewer than two axes."}}},
      {"diagonal",
       {"diagonal"},
       [](const Inputs& in) { return diagonal(in[0]); },
       matrices,
       nullptr,
       {{[] { diagonal(zeros({2})); }, "[diagonal] shape (2,) has fewer than two axes."}}},
      {"diag_embed",
       {"diag_embed"},
       [](const Inputs& in) { return diag_embed(in[0]); },
       normals({{{2}}, {{2, 3}}, {{0}}, {{2, 1, 2}}}),
       nullptr,
       {{[] { diag_embed(zeros({})); }, "[diag_embed] a 0-d tensor has no last axis. Reshape it to (1,)."}}},
      {"astype",
       {"astype"},
       [](const Inputs& in) { return astype(astype(in[0], DType::float32), DType::float64); },
       normals(),
       nullptr,
       {},
       false},
      {"unsqueeze",
       {"reshape"},
       [](const Inputs& in) { return unsqueeze(unsqueeze(in[0], 0), -1); },
       normals(),
       nullptr,
       {{[] { unsqueeze(zeros({2}), 3); }, "[axis] axis 3 is out of range"}}},
      {"squeeze",
       {"reshape"},
       [](const Inputs& in) { return squeeze(in[0], 1); },
       normals({{{2, 1}}, {{2, 1, 3}}, {{0, 1}}}),
       nullptr,
       {{[] {
           squeeze(zeros({2, 3}), 1);
         },
         "[squeeze] axis 1 of shape (2, 3) does not have length 1."}}},
  };
}

TEST_CASE("layout functions move elements as documented, in both dtypes") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const Tensor x = astype(counting({2, 3}), dtype), v = astype(counting({4}), dtype);
    CHECK(transpose(x).values() == Values{0, 3, 1, 4, 2, 5});
    CHECK(transpose(astype(counting({2, 1, 3}), dtype), {2, 1, 0}).values() == Values{0, 3, 1, 4, 2, 5});
    CHECK(concat({x, x}).values() == Values{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5});
    CHECK(concat({x, slice(x, 0, 0, 1)}, 0).values() == Values{0, 1, 2, 3, 4, 5, 0, 1, 2});
    CHECK(stack({v, v}, 0).shape() == Shape{2, 4});
    CHECK(stack({v, -v}, -1).values() == Values{0, 0, 1, -1, 2, -2, 3, -3});
    CHECK(slice(v, 0, 1, -1).values() == Values{1, 2});
    CHECK(slice(v, 0, 0, 4, 3).values() == Values{0, 3});
    CHECK(slice(x, 1, 0, 3, 2).values() == Values{0, 2, 3, 5});
    CHECK(select(x, 0, -1).values() == Values{3, 4, 5});
    CHECK(select(x, 1, 1).values() == Values{1, 4});
    CHECK(pad(v, 0, 1, 2, 9).values() == Values{9, 0, 1, 2, 3, 9, 9});
    CHECK(pad(slice(v, 0, 1, 3), 0, 0, 0, 7, 2).values() == Values{1, 7, 7, 2});
    CHECK(pad(x, 0, 0, 1).values() == Values{0, 1, 2, 3, 4, 5, 0, 0, 0});
    CHECK(flip(x, 1).values() == Values{2, 1, 0, 5, 4, 3});
    CHECK(flip(x, 0).values() == Values{3, 4, 5, 0, 1, 2});
    CHECK(triu(x).values() == Values{0, 1, 2, 0, 4, 5});
    CHECK(tril(x, -1).values() == Values{0, 0, 0, 3, 0, 0});
    CHECK(triu(x, 1).values() == Values{0, 1, 2, 0, 0, 5});
    CHECK(diagonal(x).values() == Values{0, 4});
    CHECK(diag_embed(slice(v, 0, 1, 3)).values() == Values{1, 0, 0, 2});
    CHECK(unsqueeze(v, 1).shape() == Shape{4, 1});
    CHECK(squeeze(unsqueeze(v, 0), 0).shape() == Shape{4});
    CHECK(row(x, -1).values() == Values{3, 4, 5});
    CHECK(place_row(v, 1, 2).values() == Values{0, 0, 0, 0, 0, 1, 2, 3});
    CHECK(stack(std::vector<Tensor>{v, v}).shape() == Shape{2, 4});
  }
}

TEST_CASE("steps and gaps up to the largest integer are one element, and gaps that memory cannot hold are an error") {
  const int64_t most = std::numeric_limits<int64_t>::max();
  const Tensor x = track(counting({4}));
  CHECK(slice(x, 0, 1, 4, most).values() == Values{1});
  CHECK(slice(x, 0, 1, 1, most).shape() == Shape{0});
  CHECK(slice(x, 0, 0, 4, 3).values() == Values{0, 3});
  CHECK(grad(sum(slice(x, 0, 1, 4, most)), x).values() == Values{0, 1, 0, 0});
  const Tensor one = track(counting({1}) + 5.0);
  CHECK(pad(one, 0, 1, 2, 0, most).values() == Values{0, 5, 0, 0});
  CHECK(grad(sum(pad(one, 0, 1, 2, 0, most)), one).values() == Values{1});
  CHECK(pad(counting({0}), 0, 1, 0, 0, most).values() == Values{0});
  CHECK_THROWS_AS(pad(x, 0, 0, 0, 0, most), ShapeError);
}

TEST_CASE("pad with infinity does not change the elements inside") {
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(pad(counting({2}), 0, 1, 0, -inf).values() == Values{-inf, 0, 1});
}

TEST_CASE("astype rounds to the other dtype, and casts the derivative back") {
  const Tensor x = track(tensor({0.1, 0.2}, DType::float64)), y = astype(x, DType::float32);
  CHECK(y.dtype() == DType::float32);
  CHECK(y.values() == Values{0.1f, 0.2f});
  const Tensor g = vjp(y, x, ones_like(y));
  CHECK(g.dtype() == DType::float64);
  CHECK(g.values() == Values{1, 1});
}

}  // namespace dimwise::layout_tests
