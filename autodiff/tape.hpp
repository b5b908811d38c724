#pragma once

#include <vector>

#include "autodiff/context.hpp"
#include "autodiff/op.hpp"

namespace dimwise {

/// The recorded ops from given inputs to given outputs, in the order of recording.
///
/// The three sweeps are three loops over it. It contains only the ops between inputs and outputs. Sweeps continue
/// through an input that depends on another input; a held tensor is constant for the sweeps of this tape. Throws
/// ValueError for an untracked input, and for a held tensor that is an input, an output, or depends on an input without
/// being used by an output.
///
/// Example: `Tape tape({y}, {x}); Tensor g = tape.pull({ones_like(y)})[0];`
class Tape {
 public:
  struct Options {
    std::vector<Tensor> holding = {};
    bool require_held_used = true;
    bool cut_at_inputs = false;  ///< do not sweep an input's history, even if it contains another input
  };

  Tape(std::vector<Tensor> outputs, std::vector<Tensor> inputs)
      : Tape(std::move(outputs), std::move(inputs), Options{}) {}
  Tape(std::vector<Tensor> outputs, std::vector<Tensor> inputs, const Options& options);

  // A direction has the shape of its tensor or one that broadcasts to it: a constant one is cheapest as a scalar.

  /// vjp: the cotangents of the inputs, Σ_o w_oᵀ ∂o/∂x, from those of the outputs (undefined ones are zero).
  std::vector<Tensor> pull(const std::vector<Tensor>& cotangents) const&;
  /// The same as the last sweep of this tape: tensors that nothing else refers to are freed during the sweep.
  std::vector<Tensor> pull(const std::vector<Tensor>& cotangents) &&;
  /// jvp: the tangents of the outputs, ∂o/∂x v, from those of the inputs (undefined ones are zero).
  std::vector<Tensor> push(const std::vector<Tensor>& tangents) const;
  /// Taylor: the series of the outputs from those of the inputs, whose coefficients 1, 2, … are given.
  std::vector<Series> jet(const std::vector<std::vector<Tensor>>& coefficients) const;

  /// Number of ops on the tape.
  size_t size() const { return nodes_.size(); }
  /// The results of the ops, in the order of recording.
  const std::vector<Tensor>& nodes() const { return nodes_; }
  const std::vector<Tensor>& inputs() const { return inputs_; }
  const std::vector<Tensor>& outputs() const { return outputs_; }
  const std::vector<Tensor>& holding() const { return holding_; }
  /// Whether the outputs depend on tracked tensors other than the inputs: a captured parameter, or a held tensor.
  bool has_captures() const { return has_captures_; }
  /// Whether every op on the tape has a Taylor rule, so that `push` and `jet` can run.
  bool has_jets() const;

 private:
  template <class Done>
  std::vector<Tensor> sweep(const std::vector<Tensor>& cotangents, Done&& done) const;

  std::vector<Tensor> outputs_, inputs_, holding_;
  std::vector<Tensor> nodes_;
  // A slot stores the cotangent or series of a tensor during a sweep; −1 for a constant.
  std::vector<int> operands_;      // of all inputs of all ops, op by op
  std::vector<int> result_slots_;  // of each op
  std::vector<int> input_slots_, output_slots_;
  int slots_ = 0;
  bool has_captures_ = false;
};

/// The tensors captured by a function that ran from sequence number `begin` on: the tracked tensors recorded before
/// `begin` from which y was computed other than through `arguments`, each once.
std::vector<Tensor> captured(const Tensor& y, const std::vector<Tensor>& arguments, uint64_t begin);
/// Whether there is a captured tensor.
bool has_captured(const Tensor& y, const std::vector<Tensor>& arguments, uint64_t begin);

}  // namespace dimwise
