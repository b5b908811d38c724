#include "autodiff/xtensor.hpp"

#include <xtensor/xmath.hpp>
#include <xtensor/xview.hpp>

#include "autodiff/base/error.hpp"
#include "tests/catch.hpp"

namespace dimwise::xtensor_tests {

TEST_CASE("A tensor converts to an xarray of the same elements and back") {
  const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {2, 3}, DType::float64);
  const xt::xarray<double> a = to_xtensor<double>(x);
  REQUIRE(a.dimension() == 2);
  CHECK(a.shape(1) == 3);
  CHECK(a(1, 0) == 4);
  const Tensor back = from_xtensor(a);
  CHECK(back.shape() == x.shape());
  CHECK(back.values() == x.values());
  CHECK(to_xtensor<float>(scalar(7))() == 7);
  CHECK_THROWS_AS(to_xtensor<float>(x), DTypeError);
}

TEST_CASE("as_xtensor is a view of the tensor's memory") {
  const Tensor x = tensor({1, 2, 3, 4}, {2, 2});
  const auto view = as_xtensor<float>(x);
  CHECK(&view(0, 0) == x.data<float>().data());
  CHECK(xt::sum(view)() == 10);
  CHECK_THROWS_AS(as_xtensor<double>(x), DTypeError);
}

TEST_CASE("Expressions of any layout become row-major tensors") {
  const xt::xarray<float> a = {{1, 2, 3}, {4, 5, 6}};
  const Tensor t = from_xtensor(xt::transpose(a) * 2.f);
  CHECK(t.shape() == Shape{3, 2});
  CHECK(t.dtype() == DType::float32);
  CHECK(t.values() == std::vector<double>{2, 8, 4, 10, 6, 12});
  CHECK(from_xtensor(xt::view(a, xt::all(), 1)).values() == std::vector<double>{2, 5});
  const xt::xarray<double, xt::layout_type::column_major> b = {{1, 2}, {3, 4}};
  CHECK(from_xtensor(b).values() == std::vector<double>{1, 2, 3, 4});
}

}  // namespace dimwise::xtensor_tests
