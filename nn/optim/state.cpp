#include "nn/optim/state.hpp"

#include <algorithm>
#include <cmath>

namespace dimwise::detail {

void check_slots(const char* where, const std::vector<Slot>& slots) {
  for (const Slot& s : slots) {
    if (s.gradient.shape() != s.value->shape())
      fail<ShapeError>(where, "parameter '", s.name, "' has shape ", s.value->shape(), ", but its gradient ",
                       s.gradient.shape(), ". Give the gradient of this model.");
    if (s.gradient.dtype() != s.value->dtype())
      fail<DTypeError>(where, "parameter '", s.name, "' is ", s.value->dtype(), ", but its gradient ",
                       s.gradient.dtype(), ". Cast one with astype.");
  }
}

ParameterState& state_of(const char* where, OptimizerState& state, const Slot& slot, size_t tensors) {
  ParameterState& mine = state[slot.name];
  if (mine.tensors.empty()) mine.tensors.resize(tensors);
  for (Tensor& t : mine.tensors) {
    if (!t.defined()) t = zeros_like(*slot.value);
    if (t.shape() != slot.value->shape() || t.dtype() != slot.value->dtype())
      fail<CheckpointError>(where, "the state of parameter '", slot.name, "' is ", t.shape(), ' ', t.dtype(),
                            ", but the model has ", slot.value->shape(), ' ', slot.value->dtype(),
                            ". The state belongs to another model.");
  }
  return mine;
}

std::map<std::string, Tensor> save_state(const OptimizerState& state, const std::vector<std::string>& names, double lr,
                                         const std::string& prefix) {
  std::map<std::string, Tensor> result;
  for (const auto& [parameter, s] : state) {
    const std::string stem = prefix + parameter + '.';
    result.emplace(stem + "step", scalar(static_cast<double>(s.step), DType::float64));
    for (size_t i = 0; i < s.tensors.size(); ++i) result.emplace(stem + names[i], stop_gradient(s.tensors[i]));
  }
  result.emplace(prefix + "lr", scalar(lr, DType::float64));
  return result;
}

double saved_number(const char* where, const std::map<std::string, Tensor>& saved, const std::string& key) {
  const auto entry = saved.find(key);
  if (entry == saved.end())
    fail<CheckpointError>(where, "entry '", key, "' is missing. The checkpoint is damaged, or has no such state.");
  if (entry->second.size() != 1)
    fail<CheckpointError>(where, "entry '", key, "' has shape ", entry->second.shape(),
                          ", expected one number. The checkpoint is damaged.");
  return entry->second.item();
}

int64_t saved_count(const char* where, const std::map<std::string, Tensor>& saved, const std::string& key) {
  const double n = saved_number(where, saved, key);
  if (!(n >= 0 && n <= 9007199254740992.0) || n != std::floor(n))
    fail<CheckpointError>(where, "entry '", key, "' is ", n, ", expected a count. The checkpoint is damaged.");
  return static_cast<int64_t>(n);
}

void load_state(const char* where, const std::map<std::string, Tensor>& saved, const std::vector<std::string>& names,
                const std::string& prefix, OptimizerState& state, double& lr) {
  OptimizerState loaded;
  const double rate = saved_number(where, saved, prefix + "lr");
  for (auto it = saved.lower_bound(prefix); it != saved.end() && it->first.compare(0, prefix.size(), prefix) == 0;
       ++it) {
    const std::string key = it->first.substr(prefix.size());
    if (key == "lr") continue;
    const size_t dot = key.rfind('.');
    const std::string part = dot == std::string::npos ? "" : key.substr(dot + 1);
    const auto name = std::find(names.begin(), names.end(), part);
    if (part != "step" && name == names.end())
      fail<CheckpointError>(where, "entry '", it->first,
                            "' is not part of its state. It was saved by another optimizer.");
    ParameterState& mine = loaded[key.substr(0, dot)];
    mine.tensors.resize(names.size());
    if (name != names.end()) mine.tensors[static_cast<size_t>(name - names.begin())] = it->second;
  }
  for (auto& [parameter, s] : loaded) {
    s.step = saved_count(where, saved, prefix + parameter + ".step");
    for (size_t i = 0; i < names.size(); ++i)
      if (!s.tensors[i].defined())
        fail<CheckpointError>(where, "entry '", prefix, parameter, '.', names[i],
                              "' is missing. The checkpoint is damaged.");
  }
  state = std::move(loaded);
  lr = rate;
}

}  // namespace dimwise::detail
