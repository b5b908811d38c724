#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "autodiff/tensor.hpp"

namespace dimwise {

struct Op;
struct Call;
class Observer;

/// When `dimwise` checks that a Jacobian is diagonal.
enum class DiagonalChecks : uint8_t {
  never,
  sampled,  ///< at calls 1, 2, 4, 8, … of the same ops
  always,
};

/// What the ops of a thread depend on besides their inputs. A thread that works for another one takes a copy of the
/// whole.
struct ThreadContext {
  bool recording = true;           ///< whether ops on tracked tensors are recorded
  bool in_custom_forward = false;  ///< whether the forward of a custom rule runs
  DiagonalChecks diagonal_checks = DiagonalChecks::sampled;
  const char* scope = nullptr;   ///< the name of the innermost Scope
  const Call* vjp = nullptr;     ///< the call whose vjp runs, the innermost
  Observer* observer = nullptr;  ///< the innermost
  int64_t ops_evaluated = 0;     ///< so far, recorded or not: for tests of cost
};

namespace detail {
inline constinit thread_local ThreadContext current_context;
}
inline ThreadContext& thread_context() { return detail::current_context; }
inline bool recording() { return thread_context().recording; }

/// Sets one member of the thread's context while it lives.
template <auto member>
class ContextGuard {
  using T = std::remove_reference_t<decltype(std::declval<ThreadContext&>().*member)>;

 public:
  explicit ContextGuard(T value) : before_(std::exchange(thread_context().*member, value)) {}
  ~ContextGuard() { thread_context().*member = before_; }
  ContextGuard(const ContextGuard&) = delete;
  ContextGuard& operator=(const ContextGuard&) = delete;

 private:
  T before_;
};

/// Switches recording for the calling thread while it lives.
using GradMode = ContextGuard<&ThreadContext::recording>;
/// Ops are not recorded while it lives: for evaluation without derivatives.
///
/// Example: `const NoGrad guard; Tensor y = model(x);`
struct NoGrad : GradMode {
  NoGrad() : GradMode(false) {}
};
struct EnableGrad : GradMode {
  EnableGrad() : GradMode(true) {}
};

/// While it lives, every `dimwise` of this thread checks that vᵀJ = v ⊙ (1ᵀJ) for a v of powers of two, and, in the
/// module form, that no h_i moves with its x_i; or none does. Otherwise calls 1, 2, 4, 8, … of the same ops are
/// checked.
struct DiagonalCheck : ContextGuard<&ThreadContext::diagonal_checks> {
  explicit DiagonalCheck(bool on = true) : ContextGuard(on ? DiagonalChecks::always : DiagonalChecks::never) {}
};

/// Names a part of a program in anomaly reports: `Scope s("conditioner");`. The name must outlive the recorded ops.
using Scope = ContextGuard<&ThreadContext::scope>;
/// Marks the call whose vjp this thread runs, so that ops of the rule are known to belong to it.
using InVjp = ContextGuard<&ThreadContext::vjp>;

/// Sees every op that this thread, or one that works for it, evaluates, and every cotangent that it pulls, while it
/// lives. Observers nest. Several threads may call one at the same time.
class Observer {
 public:
  Observer() : outer_(thread_context().observer), guard_(this) {}
  virtual ~Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  /// After an op, with the seconds that it took.
  virtual void evaluated(const Op& op, std::span<const Tensor> inputs, const Tensor& output, double seconds) = 0;
  /// After the rule of a call has turned its output's cotangent into those of its inputs, with the seconds that this
  /// took, the ops of the rule included.
  virtual void pulled(const Call& call, const Tensor& cotangent, std::span<const Tensor> cotangents,
                      double seconds) = 0;

  Observer* outer() const { return outer_; }

 private:
  Observer* outer_;
  ContextGuard<&ThreadContext::observer> guard_;
};

}  // namespace dimwise
