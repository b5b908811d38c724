#pragma once

#include <memory>
#include <span>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// The inputs of a call: up to three without an allocation, which is most calls.
class Inputs {
 public:
  Inputs() = default;
  // NOLINTBEGIN(google-explicit-constructor): written as a list, apply(op, {a, b})
  Inputs(Tensor a) : size_(1) { few_[0] = std::move(a); }
  Inputs(Tensor a, Tensor b) : size_(2) {
    few_[0] = std::move(a);
    few_[1] = std::move(b);
  }
  Inputs(Tensor a, Tensor b, Tensor c) : size_(3) {
    few_[0] = std::move(a);
    few_[1] = std::move(b);
    few_[2] = std::move(c);
  }
  Inputs(std::vector<Tensor> all);
  // NOLINTEND(google-explicit-constructor)

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Tensor* begin() { return many_ ? many_.get() : few_; }
  Tensor* end() { return begin() + size_; }
  const Tensor* begin() const { return many_ ? many_.get() : few_; }
  const Tensor* end() const { return begin() + size_; }
  Tensor& operator[](size_t i) { return begin()[i]; }
  const Tensor& operator[](size_t i) const { return begin()[i]; }
  operator std::span<const Tensor>() const { return {begin(), size_}; }  // NOLINT(google-explicit-constructor)

 private:
  static constexpr size_t inline_size = 3;
  Tensor few_[inline_size];
  std::unique_ptr<Tensor[]> many_;
  size_t size_ = 0;
};

}  // namespace dimwise
