#include "hollow/ode/detail/rows.hpp"

#include "ops/index.hpp"
#include "ops/layout.hpp"

namespace dimwise::ode {

namespace {

int64_t rows_of(const Tensor& y) { return y.shape().without(y.rank() - 1).size(); }

bool all_in_order(const std::vector<int64_t>& rows, int64_t n) {
  if (static_cast<int64_t>(rows.size()) != n) return false;
  for (int64_t i = 0; i < n; ++i)
    if (rows[static_cast<size_t>(i)] != i) return false;
  return true;
}

}  // namespace

State as_rows(const State& y) {
  State result;
  for (const Tensor& part : y) result.push_back(reshape(part, {rows_of(part), part.dim(-1)}));
  return result;
}

State select_rows(const State& y, const std::vector<int64_t>& rows) {
  State result;
  for (const Tensor& part : y)
    result.push_back(!part.defined() || all_in_order(rows, part.dim(0)) ? part : index_select(part, 0, rows));
  return result;
}

State joined(const std::vector<State>& states) {
  State result;
  std::vector<Tensor> parts;
  for (size_t i = 0; i < states[0].size(); ++i) {
    parts.clear();
    for (const State& state : states) parts.push_back(state[i]);
    result.push_back(concat(parts, 0));
  }
  return result;
}

RowOutputs::RowOutputs(const State& y0, size_t times)
    : places_(times, std::vector<int64_t>(static_cast<size_t>(rows_of(y0[0])))), missing_(times, rows_of(y0[0])) {
  for (const Tensor& y : y0) like_.push_back(stop_gradient(y));
}

void RowOutputs::add(State values, const std::vector<Place>& places) {
  for (const auto& [time, row] : places) {
    places_[time][static_cast<size_t>(row)] = size_++;
    --missing_[time];
  }
  parts_.push_back(std::move(values));
}

State RowOutputs::at(size_t time) {
  if (parts_.size() > 1) parts_ = {joined(parts_)};
  State y = select_rows(parts_[0], places_[time]);
  for (size_t i = 0; i < y.size(); ++i) y[i] = reshape(y[i], like_[i].shape());
  return y;
}

}  // namespace dimwise::ode
