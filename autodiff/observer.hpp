#pragma once

#include "autodiff/op.hpp"

namespace dimwise {

/// Sees every op this thread evaluates and every cotangent it pulls while it lives; observers nest.
class Observer {
 public:
  Observer();
  virtual ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  virtual void before() {}
  virtual void evaluated(const Op& op, std::span<const Tensor> inputs, const Tensor& output) = 0;
  /// After the rule of a call has turned its output's cotangent into those of its inputs.
  virtual void pulled(const Call& call, const Tensor& cotangent, std::span<const Tensor> cotangents) = 0;

  static Observer* current();
  Observer* outer() const { return outer_; }

 private:
  Observer* outer_;
};

/// Marks the call whose rule this thread runs, so that what the rule evaluates is known to belong to it.
class Pulling {
 public:
  explicit Pulling(const Call& call);
  ~Pulling();
  Pulling(const Pulling&) = delete;
  Pulling& operator=(const Pulling&) = delete;
  static const Call* current();  ///< the innermost, or null outside a pull

 private:
  const Call* before_;
};

/// Names a part of a program, for anomaly reports: `Scope s("conditioner");`. The name must outlive the recorded ops.
class Scope {
 public:
  explicit Scope(const char* name);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  static const char* current();

 private:
  const char* before_;
};

}  // namespace dimwise
