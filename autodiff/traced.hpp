#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/tape.hpp"

namespace dimwise {

/// The first step of every transform of a function: the function run once on tracked aliases of its arguments, whether
/// or not the caller records, and the tape between them.
///
/// Results belong to the caller's record if and only if the caller records and an argument, or a tensor that the
/// function captures, is tracked.
///
/// Example: `const Traced traced(x, f); Tensor g = traced.pull({ones_like(traced.y())})[0], y = traced.value();`
class Traced {
 public:
  template <class F>
  Traced(const Tensor& argument, F&& f)
      : Traced(std::vector{argument}, [&](const std::vector<Tensor>& in) { return f(in[0]); }) {}
  template <class F>
  Traced(const std::vector<Tensor>& arguments, F&& f)
      : caller_records_(recording()), begin_(next_sequence()), tape_(run(arguments, f)) {
    const auto tracked = [](const Tensor& x) { return x.tracked(); };
    attached_ = caller_records_ && (std::any_of(arguments.begin(), arguments.end(), tracked) ||
                                    (tape_.has_captures() && has_captured(y(), tape_.inputs(), begin_)));
  }

  /// From the aliases to y.
  const Tape& tape() const { return tape_; }
  const Tensor& x() const { return tape_.inputs()[0]; }
  const Tensor& y() const { return tape_.outputs()[0]; }
  bool attached() const { return attached_; }

  /// During its lifetime, records sweeps in these directions if their results belong to the caller's record.
  GradMode mode(const Tensor& direction = {}) const {
    return GradMode(caller_records_ && (attached_ || direction.tracked()));
  }
  /// The result t, computed from y, for the caller: its history is dropped unless the caller records.
  Tensor result(Tensor t) const { return attached_ ? std::move(t) : stop_gradient(t); }
  Tensor value() const { return result(y()); }
  std::vector<Tensor> pull(const Tensor& cotangent) const& {
    const GradMode recorded = mode(cotangent);
    return tape_.pull({cotangent});
  }
  /// The same as the last sweep: tensors that nothing else refers to are freed during the sweep.
  std::vector<Tensor> pull(const Tensor& cotangent) && {
    const GradMode recorded = mode(cotangent);
    return std::move(tape_).pull({cotangent});
  }

 private:
  template <class F>
  Tape run(const std::vector<Tensor>& arguments, F& f) const {
    std::vector<Tensor> aliases;
    for (const Tensor& x : arguments) aliases.push_back(caller_records_ ? alias(x) : track(x));
    const EnableGrad guard;
    Tensor y = f(std::as_const(aliases));
    return {{std::move(y)}, std::move(aliases)};
  }

  bool caller_records_;
  uint64_t begin_;  // nodes recorded from here on belong to the function
  Tape tape_;
  bool attached_ = false;
};

}  // namespace dimwise
