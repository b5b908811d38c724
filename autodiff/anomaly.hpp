#pragma once

#include <map>
#include <memory>
#include <string>

#include "autodiff/observer.hpp"

namespace dimwise {

/// While it lives, the first NaN or infinity that an op of this thread makes throws ValueError naming the op, its
/// scope, the shape, the first bad index, and whether it arose forward or in reverse. Values that were already bad in
/// an input are not blamed on the op.
///
/// Example: `DetectAnomaly guard; auto [loss, g] = value_and_grad(f, x);`
class DetectAnomaly : public Observer {
 public:
  void evaluated(const Op& op, std::span<const Tensor> inputs, const Tensor& output) override;
  void pulled(const Call& call, const Tensor& cotangent, std::span<const Tensor> cotangents) override;
};

/// Counts calls, time and bytes of every op, forward and reverse, while it lives; `report` gives a table, the slowest
/// first.
class Profile : public Observer {
 public:
  Profile();
  ~Profile() override;
  void before() override;
  void evaluated(const Op& op, std::span<const Tensor> inputs, const Tensor& output) override;
  void pulled(const Call& call, const Tensor& cotangent, std::span<const Tensor> cotangents) override;

  struct Row {
    int64_t calls = 0, pulls = 0, bytes = 0;
    double forward = 0, reverse = 0;  ///< seconds; reverse includes the ops a rule is made of
  };
  const std::map<std::string, Row>& rows() const { return rows_; }
  std::string report() const;

 private:
  std::map<std::string, Row> rows_;
  std::vector<double> started_;
};

}  // namespace dimwise
