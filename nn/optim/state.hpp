#pragma once

#include <limits>
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

// A parameter to update and its gradient, which is undefined for a parameter that stays as it is.
struct Slot {
  std::string name;
  Tensor* value;
  Tensor gradient;
};

// The slots of a model's parameters and those of a gradient with the same names. Throws ShapeError or DTypeError, with
// the parameter's name, if the two differ.
std::vector<Slot> paired(const char* where, const std::vector<Member>& model, const std::vector<Member>& gradient);

template <Module M>
std::vector<Slot> slots(const char* where, M& model, const M& gradient) {
  return paired(where, members(model), members(gradient, true));
}

// A setting of an optimizer and the half-open interval of its values.
struct Setting {
  const char* name;
  double value, low = 0, below = std::numeric_limits<double>::infinity();
};

// Throws ValueError for a setting outside its interval.
void check_settings(const char* where, const std::vector<Setting>& settings);

// The states of the slots, each of `tensors` moments, which are zeros at first. Throws ValueError for a setting outside
// its interval and for a gradient that is not finite, CheckpointError for a state that belongs to other parameters;
// nothing is changed then.
std::vector<ParameterState*> states_of(const char* where, OptimizerState& state, const std::vector<Slot>& slots,
                                       size_t tensors, const std::vector<Setting>& settings);

// Throws ValueError, with the parameter's name, unless all gradients are finite.
void check_finite(const char* where, const std::vector<Slot>& slots);

// `name.exp_avg`, `name.step` … and lr, under a prefix.
std::map<std::string, Tensor> save_state(const OptimizerState& state, const std::vector<std::string>& names, double lr,
                                         const std::string& prefix);
// The inverse; nothing is changed unless all entries with the prefix are valid. Throws CheckpointError.
void load_state(const char* where, const std::map<std::string, Tensor>& saved, const std::vector<std::string>& names,
                const std::string& prefix, OptimizerState& state, double& lr);

// A finite number, and a nonnegative integer, saved under a key. Throw CheckpointError.
double saved_number(const char* where, const std::map<std::string, Tensor>& saved, const std::string& key);
int64_t saved_count(const char* where, const std::map<std::string, Tensor>& saved, const std::string& key);

}  // namespace detail
}  // namespace dimwise
