#pragma once

#include "hollow/ode/term.hpp"

namespace dimwise::ode {

/// The state with all leading axes of its tensors as one, (rows, d).
State as_rows(const State& y);
/// Rows of each tensor, in that order, with repetition. Undefined tensors remain so.
State select_rows(const State& y, const std::vector<int64_t>& rows);

/// The rows of the states, one after the other.
State joined(const std::vector<State>& states);

/// Collects the outputs of rows that reach the requested times in different steps.
class RowOutputs {
 public:
  struct Place {
    size_t time;
    int64_t row;
  };

  /// Of states like y0, at that many times.
  RowOutputs(const State& y0, size_t times);

  /// Row i of `values` is the output of places[i].
  void add(State values, const std::vector<Place>& places);
  /// Whether all rows have reached that time.
  bool complete(size_t time) const { return missing_[time] == 0; }
  /// The state at a time that all rows have reached, of the shapes of y0.
  State at(size_t time);

 private:
  State like_;
  std::vector<State> parts_;
  int64_t size_ = 0;                          // rows in all parts
  std::vector<std::vector<int64_t>> places_;  // by time and row, among the rows of all parts
  std::vector<int64_t> missing_;              // rows by time
};

}  // namespace dimwise::ode
