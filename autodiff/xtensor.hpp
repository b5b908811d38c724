#pragma once
// The bridge to xtensor, both ways. Opt-in: no other header includes it.

#include <algorithm>
#include <type_traits>
#include <vector>

#include "autodiff/kernels/xtensor_views.hpp"
#include "autodiff/node.hpp"

namespace dimwise {

/// A copy of the elements. Throws DTypeError when T is not the dtype.
///
/// Example: `xt::xarray<double> a = to_xtensor<double>(x);`
template <class T>
xt::xarray<T> to_xtensor(const Tensor& x) {
  const std::span<const T> data = x.data<T>();
  xt::xarray<T> result(typename xt::xarray<T>::shape_type(x.shape().begin(), x.shape().end()));
  std::copy(data.begin(), data.end(), result.data());
  return result;
}

/// A read-only view of the elements, valid as long as the tensor exists. Throws DTypeError when T is not the dtype.
///
/// Example: `double largest = xt::amax(as_xtensor<double>(x))();`
template <class T>
auto as_xtensor(const Tensor& x) {
  const std::span<const T> data = x.data<T>();
  return xt::adapt(data.data(), data.size(), xt::no_ownership(),
                   std::vector<size_t>(x.shape().begin(), x.shape().end()));
}
template <class T>
void as_xtensor(const Tensor&&) = delete;

/// An untracked tensor with the values of an xtensor expression of float or double. Throws ShapeError above 8 axes.
///
/// Example: `Tensor x = from_xtensor(xt::sin(a) + b);`
template <class E>
Tensor from_xtensor(const xt::xexpression<E>& expression) {
  using T = std::remove_const_t<typename E::value_type>;
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>,
                "tensors are float or double: cast the expression with xt::cast");
  const E& e = expression.derived_cast();
  Shape shape;
  for (const auto n : e.shape()) shape.push_back(static_cast<int64_t>(n));
  Tensor result = empty(shape, dtype_of<T>());
  std::copy(e.template begin<xt::layout_type::row_major>(), e.template end<xt::layout_type::row_major>(),
            mutable_data<T>(result));
  return result;
}

}  // namespace dimwise
