#pragma once

#include <map>
#include <string>
#include <vector>

#include "nn/module.hpp"

namespace dimwise {

/// An optimizer's state for one parameter.
struct ParameterState {
  int64_t step = 0;             ///< number of updates so far
  std::vector<Tensor> tensors;  ///< moments, in the order of the optimizer's names
};

/// The same for all parameters, by their names.
using OptimizerState = std::map<std::string, ParameterState>;

namespace detail {

// A parameter to update and its gradient.
struct Slot {
  std::string name;
  Tensor* value;
  Tensor gradient;
};

// Throws ShapeError or DTypeError, with the parameter's name, if value and gradient differ.
void check_slots(const char* where, const std::vector<Slot>& slots);

// Pairs each parameter with its gradient; a parameter whose gradient is undefined is skipped.
template <Module M>
std::vector<Slot> slots(const char* where, M& model, const M& gradient) {
  std::map<std::string, Tensor> given;
  each_parameter(gradient, [&](const std::string& name, const Tensor& g) {
    if (!given.emplace(name, g).second) named_twice(name);
  });
  std::vector<Slot> result;
  each_parameter(model, [&](const std::string& name, Tensor& value) {
    const auto g = given.find(name);
    if (g != given.end()) result.push_back({name, &value, g->second});
  });
  check_slots(where, result);
  return result;
}

// The state of one parameter, initialized to zeros. Throws CheckpointError if it has another shape or dtype.
ParameterState& state_of(const char* where, OptimizerState& state, const Slot& slot, size_t tensors);

// `name.exp_avg`, `name.step` … and lr, under a prefix.
std::map<std::string, Tensor> save_state(const OptimizerState& state, const std::vector<std::string>& names, double lr,
                                         const std::string& prefix);
// The inverse; nothing is changed unless all entries with the prefix are valid. Throws CheckpointError.
void load_state(const char* where, const std::map<std::string, Tensor>& saved, const std::vector<std::string>& names,
                const std::string& prefix, OptimizerState& state, double& lr);

// A number, and a nonnegative integer, saved under a key. Throw CheckpointError.
double saved_number(const char* where, const std::map<std::string, Tensor>& saved, const std::string& key);
int64_t saved_count(const char* where, const std::map<std::string, Tensor>& saved, const std::string& key);

}  // namespace detail
}  // namespace dimwise
