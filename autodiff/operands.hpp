#pragma once

#include <array>
#include <concepts>
#include <memory>
#include <span>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// The inputs of a call: up to five without an allocation, which is most calls.
class Operands {
 public:
  Operands() = default;
  // NOLINTBEGIN(google-explicit-constructor): written as a list, apply(op, {a, b})
  template <std::same_as<Tensor>... T>
  requires(sizeof...(T) > 0 && sizeof...(T) <= 5) Operands(T... all) : few_{std::move(all)...}, size_(sizeof...(T)) {}
  Operands(std::vector<Tensor> all);
  // NOLINTEND(google-explicit-constructor)
  Operands(Operands&&) = default;
  Operands& operator=(Operands&&) = default;
  Operands(const Operands& other) : Operands(std::vector<Tensor>(other.begin(), other.end())) {}
  Operands& operator=(const Operands& other) { return *this = Operands(other); }
  ~Operands() = default;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Tensor* begin() { return many_ ? many_.get() : few_.data(); }
  Tensor* end() { return begin() + size_; }
  const Tensor* begin() const { return many_ ? many_.get() : few_.data(); }
  const Tensor* end() const { return begin() + size_; }
  Tensor& operator[](size_t i) { return begin()[i]; }
  const Tensor& operator[](size_t i) const { return begin()[i]; }
  operator std::span<const Tensor>() const { return {begin(), size_}; }  // NOLINT(google-explicit-constructor)

 private:
  static constexpr size_t inline_size = 5;
  std::array<Tensor, inline_size> few_;
  std::unique_ptr<Tensor[]> many_;
  size_t size_ = 0;
};

}  // namespace dimwise
