#pragma once
// The elements of a tensor as xtensor expressions of one axis, and their assignment. Included by .cpp files only.
//
// xtensor's fast path is the linear assignment of a function over contiguous operands. A tensor's memory is whole SIMD
// batches (Buffer), so that this path handles every length without a scalar tail, and a value does not depend on its
// position. Operands repeated along a row use the same path, with a mask on their offset.

#include <array>
#include <cstdint>
#include <utility>

#include "autodiff/kernels/xtensor.hpp"
#include "autodiff/node.hpp"

namespace dimwise {

template <class T>
using Batch = xsimd::batch<T>;
/// The number of elements of a batch.
template <class T>
inline constexpr int64_t width = static_cast<int64_t>(Batch<T>::size);
template <class T>
constexpr int64_t whole_batches(int64_t n) {
  return (n + width<T> - 1) / width<T> * width<T>;
}

namespace detail {

// The interface that xtensor requires of an expression of one axis.
template <class T, class Derived>
struct Row : xt::xexpression<Derived> {
  using value_type = T;
  using size_type = size_t;
  using difference_type = ptrdiff_t;
  using shape_type = std::array<size_t, 1>;
  using bool_load_type = T;
  static constexpr xt::layout_type static_layout = xt::layout_type::row_major;
};

// A record's lambda as a functor of xtensor. Rows are whole batches, so that no element is computed as a scalar.
template <class F>
struct SimdFunctor {
  F f;
  template <class T, class... U>
  [[gnu::always_inline]] T operator()(const T&, const U&...) const {
    __builtin_unreachable();
  }
  template <class B, class... C>
  [[gnu::always_inline]] B simd_apply(const B& a, const C&... b) const {
    return B(f(a, b...));
  }
};

}  // namespace detail

/// Consecutive elements.
template <class T>
class Elements : public detail::Row<T, Elements<T>> {
 public:
  [[gnu::always_inline]] explicit Elements(const T* p) : p_(p) {}
  template <class, class = T, size_t = 0>
  [[gnu::always_inline]] Batch<T> load_simd(size_t i) const {
    return Batch<T>::load_unaligned(p_ + i);
  }
  const T& data_element(size_t i) const { return p_[i]; }

 private:
  const T* p_;
};
template <class T>
[[gnu::always_inline]] inline Elements<T> elements(const Tensor& x) {
  return Elements<T>(x.node()->data<T>());
}

/// An operand of a row: consecutive elements, or a batch of one element that is repeated.
template <class T>
struct Operand {
  const T* data;
  size_t mask;  ///< of offsets: all bits, or none
};
template <class T>
class Repeated : public detail::Row<T, Repeated<T>> {
 public:
  [[gnu::always_inline]] explicit Repeated(const Operand<T>& x) : x_(x) {}
  template <class, class = T, size_t = 0>
  [[gnu::always_inline]] Batch<T> load_simd(size_t i) const {
    return Batch<T>::load_unaligned(x_.data + (i & x_.mask));
  }
  const T& data_element(size_t i) const { return x_.data[i & x_.mask]; }

 private:
  Operand<T> x_;
};

/// f(x…), an xtensor expression, for a lambda that takes batches.
template <class F, class... X>
[[gnu::always_inline]] inline auto function(F f, X... x) {
  return xt::xfunction<detail::SimdFunctor<F>, X...>(detail::SimdFunctor<F>{std::move(f)}, std::move(x)...);
}

/// The destination of a row's elements, up to the end of its last batch.
///
/// Example: `into<T>(y) = elements<T>(a) - 2 * elements<T>(b);`
template <class T>
class Into : public detail::Row<T, Into<T>> {
 public:
  [[gnu::always_inline]] Into(T* p, int64_t n) : p_(p), n_(static_cast<size_t>(whole_batches<T>(n))) {}
  template <class E>
  [[gnu::always_inline]] void operator=(const xt::xexpression<E>& e) {
    xt::linear_assigner<true>::run(*this, e.derived_cast());
  }

  size_t size() const { return n_; }
  T* data() const { return p_; }
  T& data_element(size_t i) { return p_[i]; }
  template <class>
  [[gnu::always_inline]] void store_simd(size_t i, const Batch<T>& value) {
    value.store_unaligned(p_ + i);
  }

 private:
  T* p_;
  size_t n_;
};
template <class T>
[[gnu::always_inline]] inline Into<T> into(const Tensor& y) {
  return {mutable_data<T>(y), y.size()};
}

}  // namespace dimwise

// No elements are written before the first whole batch.
template <class T>
struct xsimd::container_alignment<dimwise::Into<T>> {
  using type = xsimd::aligned_mode;
};
