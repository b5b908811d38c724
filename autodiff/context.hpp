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

/// The state of a thread that ops depend on in addition to their inputs. A thread that works for another one copies all
/// of it.
struct ThreadContext {
  bool recording = true;           ///< whether ops on tracked tensors are recorded
  bool in_custom_forward = false;  ///< whether the forward of a custom rule is running
  DiagonalChecks diagonal_checks = DiagonalChecks::sampled;
  const char* scope = nullptr;   ///< the name of the innermost Scope
  const Call* vjp = nullptr;     ///< the innermost observer call whose vjp is running
  Observer* observer = nullptr;  ///< the innermost
  int64_t ops_evaluated = 0;     ///< so far, recorded or not: for tests of cost

  friend bool operator==(const ThreadContext&, const ThreadContext&) = default;
};

namespace detail {
inline constinit thread_local ThreadContext current_context;
}
inline ThreadContext& thread_context() { return detail::current_context; }
inline bool recording() { return thread_context().recording; }

/// Sets one member of the thread's context during its lifetime.
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

/// Switches recording of the calling thread on or off during its lifetime.
using GradMode = ContextGuard<&ThreadContext::recording>;
/// Ops are not recorded during its lifetime: for evaluation without derivatives.
///
/// Example: `const NoGrad guard; Tensor y = model(x);`
struct NoGrad : GradMode {
  NoGrad() : GradMode(false) {}
};
struct EnableGrad : GradMode {
  EnableGrad() : GradMode(true) {}
};

/// During its lifetime, either every `dimwise` of this thread checks that vᵀJ = v ⊙ (1ᵀJ) for a v of powers of two,
/// and, in the module form, that no h_i changes with its x_i; or none does. Without it, calls 1, 2, 4, 8, … of the same
/// ops are checked.
struct DiagonalCheck : ContextGuard<&ThreadContext::diagonal_checks> {
  explicit DiagonalCheck(bool on = true) : ContextGuard(on ? DiagonalChecks::always : DiagonalChecks::never) {}
};

/// Names a part of a program in anomaly reports: `Scope s("conditioner");`. The name must outlive the recorded ops.
using Scope = ContextGuard<&ThreadContext::scope>;
/// Marks the call whose vjp this thread runs, so that the rule's ops can be attributed to it.
using InVjp = ContextGuard<&ThreadContext::vjp>;

/// During its lifetime, is notified of every op that this thread, or one that works for it, evaluates, and of every
/// pull. Observers nest. Several threads may call one concurrently.
class Observer {
 public:
  Observer() : outer_(thread_context().observer), guard_(this) {}
  virtual ~Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  /// Called after an op, with its time in seconds.
  virtual void evaluated(const Op& op, std::span<const Tensor> inputs, const Tensor& output, double seconds) = 0;
  /// Called after a call's rule has computed the cotangents of its inputs from that of its output, with the time in
  /// seconds, including the rule's ops.
  virtual void pulled(const Call& call, const Tensor& cotangent, std::span<const Tensor> cotangents,
                      double seconds) = 0;

  Observer* outer() const { return outer_; }

 private:
  Observer* outer_;
  ContextGuard<&ThreadContext::observer> guard_;
};

}  // namespace dimwise
