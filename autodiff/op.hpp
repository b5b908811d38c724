#pragma once

#include <span>
#include <vector>

#include "autodiff/node.hpp"
#include "autodiff/series.hpp"

namespace dimwise {

/// One call of an op, passed to its rules.
struct Call {
  const Op& op;
  std::span<const Tensor> inputs;
  const Attributes& attributes;
  Tensor output;
};

/// The cotangents of a call's inputs. Only those needed are filled.
class Cotangents {
 public:
  Cotangents(std::span<Tensor> slots, std::span<const bool> wanted, Tensor* cotangent = nullptr)
      : slots_(slots), wanted_(wanted), cotangent_(cotangent) {}
  bool wanted(size_t input) const { return wanted_[input]; }
  void set(size_t input, Tensor value) { slots_[input] = std::move(value); }
  /// The output's cotangent, moved out if the sweep no longer needs it, so that its memory can be reused.
  Tensor take(const Tensor& w) const {
    if (cotangent_) return std::move(*cotangent_);
    return w;
  }

 private:
  std::span<Tensor> slots_;
  std::span<const bool> wanted_;
  Tensor* cotangent_;
};

/// What a call does with operands of different dtypes.
enum class MixedDTypes : uint8_t {
  refused,   ///< throws DTypeError
  promoted,  ///< casts 0-d operands to the dtype of those that have axes; throws if any still differ
  kept,      ///< passes them to the op as they are
};

/// The record of an op: everything that the engine knows about it.
///
/// `forward` returns the untracked value. `vjp` and `jet` are written in public ops, so that a sweep is itself a
/// recorded computation and derivatives nest to any order. A jvp is a jet of order 1.
struct Op {
  const char* name;
  Tensor (*forward)(std::span<const Tensor> inputs, const Attributes& attributes) = nullptr;
  void (*vjp)(const Call& call, const Tensor& cotangent, Cotangents& result) = nullptr;
  /// Null if there is none: `push`, `jet` and Taylor mode then throw an error with the op's name.
  Series (*jet)(const Call& call, std::span<const Series> inputs) = nullptr;
  /// Whether `vjp` takes a cotangent, and `jet` coefficients, of any shape that broadcasts to the tensor's: a constant
  /// direction stays one number. Other ops get directions of the full shape.
  bool broadcasts = false;
  bool reads_output = true;  ///< whether rules read the output's values; if not, the next op may overwrite them
  MixedDTypes mixed = MixedDTypes::refused;  ///< promoted if operands broadcast elementwise
};

/// Whether x, an input of the current call, can donate its memory to the output: nothing else refers to it and no rule
/// reads its values. `read`: whether the call's rules read it.
bool can_donate(const Tensor& x, bool read);
/// Moves x's memory, including its values, into a new tensor; x has no memory afterwards.
Tensor donate(const Tensor& x);

/// Evaluates an op and, if this thread records and an input is tracked, records it.
Tensor apply(const Op& op, Operands inputs, Attributes attributes = nullptr);

/// The series of a call's output from those of its inputs. Throws ValueError, with the op's name, if it has no Taylor
/// rule.
Series jet_of(const Call& call, std::span<const Series> inputs);

/// `apply` on Taylor series: the output's coefficients from the inputs'.
Series apply_series(const Op& op, const std::vector<Series>& inputs, const Attributes& attributes = nullptr);

/// Throws DTypeError unless all inputs are defined and of one dtype.
void check_inputs(const char* op, std::span<const Tensor> inputs);
/// Casts 0-d inputs, recorded, to the dtype of those that have axes; then `check_inputs`.
void promote_inputs(const char* op, std::span<Tensor> inputs);

/// Seconds of a monotonic clock, for observers.
double seconds();

}  // namespace dimwise
