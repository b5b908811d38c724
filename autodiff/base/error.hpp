#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace dimwise {

/// Base of everything dimwise throws; `what()` reads `[where] what is wrong: the values. What to do.`
class Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Shapes that do not fit together.
class ShapeError : public Error {
  using Error::Error;
};
/// float32 and float64 are mixed, or data is read as the wrong type.
class DTypeError : public Error {
  using Error::Error;
};
/// An argument outside its domain, or a transform that is not possible.
class ValueError : public Error {
  using Error::Error;
};
/// Memory that the system cannot allocate.
class MemoryError : public Error {
  using Error::Error;
};
/// A data file that is missing or malformed.
class DataError : public Error {
  using Error::Error;
};
/// A checkpoint that cannot be used.
class CheckpointError : public Error {
  using Error::Error;
};
/// A solver that did not converge or finish.
class SolverError : public Error {
  using Error::Error;
};

/// Throws `E` with the text `[where] part part …`.
///
/// Example: `fail<ShapeError>("matmul", "inner dimensions differ: ", a.shape(), " @ ", b.shape());`
template <class E, class... Parts>
[[noreturn]] void fail(const char* where, const Parts&... parts) {
  std::ostringstream text;
  text << '[' << where << "] ";
  (text << ... << parts);
  throw E(text.str());
}

}  // namespace dimwise
