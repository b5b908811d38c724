#pragma once

#include <map>
#include <mutex>
#include <string>

#include "autodiff/context.hpp"

namespace dimwise {

/// Counts calls, time and bytes of every op, forward and reverse, during its lifetime; `report` returns a table,
/// slowest op first.
///
/// Example: `Profile profile; train_step(); std::cout << profile.report();`
class Profile : public Observer {
 public:
  void evaluated(const Op& op, std::span<const Tensor> inputs, const Tensor& output, double seconds) override;
  void pulled(const Call& call, const Tensor& cotangent, std::span<const Tensor> cotangents, double seconds) override;

  struct Row {
    int64_t calls = 0, pulls = 0, bytes = 0;
    double forward = 0, reverse = 0;  ///< seconds of all threads; reverse includes the ops of the rules
  };
  const std::map<std::string, Row>& rows() const { return rows_; }
  std::string report() const;

 private:
  std::mutex mutex_;
  std::map<std::string, Row> rows_;
};

}  // namespace dimwise
