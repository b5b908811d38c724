#pragma once

#include <exception>

#include "autodiff/base/error.hpp"

namespace dimwise::app {

/// A wrong flag, or a wrong line in a configuration file.
class UsageError : public Error {
  using Error::Error;
};
/// A loss or a weight became NaN or infinite.
class Diverged : public Error {
  using Error::Error;
};
/// A run stopped by a signal after saving; `what()` says how to resume.
class Interrupted : public Error {
 public:
  Interrupted(int signal, const std::string& text) : Error(text), signal_(signal) {}
  int signal() const { return signal_; }

 private:
  int signal_;
};

/// The exit code of an executable that ends with this exception.
///
/// 2 UsageError, 3 DataError, 4 SolverError or Diverged, 5 CheckpointError, 128 + signal for Interrupted (130 for
/// SIGINT, 143 for SIGTERM, 129 for SIGHUP), 1 anything else.
int exit_code(const std::exception& error);

}  // namespace dimwise::app
