#include "nn/optim/state.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/kernels/expression.hpp"

namespace dimwise::detail {

std::vector<Slot> paired(const char* where, const std::vector<Member>& model, const std::vector<Member>& gradient) {
  std::map<std::string, Tensor> given;
  for (const Member& g : gradient)
    if (g.trained && !given.emplace(g.name, *g.value).second) named_twice(g.name);
  std::vector<Slot> result;
  for (const Member& p : model) {
    if (!p.trained) continue;
    const auto g = given.find(p.name);
    if (g == given.end())
      fail<ShapeError>(where, "the gradient has no parameter '", p.name, "'. Give the gradient of this model.");
    result.push_back({p.name, p.value, g->second});
    given.erase(g);
    const Slot& s = result.back();
    if (!s.gradient.defined()) continue;
    if (s.gradient.shape() != s.value->shape())
      fail<ShapeError>(where, "parameter '", s.name, "' has shape ", s.value->shape(), ", but its gradient ",
                       s.gradient.shape(), ". Give the gradient of this model.");
    if (s.gradient.dtype() != s.value->dtype())
      fail<DTypeError>(where, "parameter '", s.name, "' is ", s.value->dtype(), ", but its gradient ",
                       s.gradient.dtype(), ". Cast one with astype.");
  }
  for (const auto& [name, g] : given)
    if (g.defined())
      fail<ShapeError>(where, "the model has no parameter '", name,
                       "', which the gradient has. Give the gradient of this model.");
  return result;
}

void check_finite(const char* where, const std::vector<Slot>& slots) {
  for (const Slot& s : slots) {
    if (!s.gradient.defined()) continue;
    dispatch(s.gradient.dtype(), [&](auto type) {
      using T = decltype(type);
      // Of 0·g, because only what is not finite gives a sum other than 0.
      Batch<T> batches(0);
      T sum = 0;
      const T* g = s.gradient.node()->data<T>();
      const int64_t n = s.gradient.size(), whole = n - n % width<T>;
      for (int64_t i = 0; i < whole; i += width<T>) batches += Batch<T>(0) * Batch<T>::load_aligned(g + i);
      for (int64_t i = whole; i < n; ++i) sum += 0 * g[i];
      if (sum + xsimd::hadd(batches) != 0)
        fail<ValueError>(where, "the gradient of parameter '", s.name,
                         "' is not finite. Skip the step, as with if (std::isfinite(clip_grad_norm(gradient, norm))).");
    });
  }
}

void check_settings(const char* where, const std::vector<Setting>& settings) {
  for (const Setting& s : settings)
    if (!(s.value >= s.low && s.value < s.below))
      fail<ValueError>(where, s.name, " is ", s.value, ". It must be at least ", s.low, " and below ", s.below, '.');
}

std::vector<ParameterState*> states_of(const char* where, OptimizerState& state, const std::vector<Slot>& slots,
                                       size_t tensors, const std::vector<Setting>& settings) {
  check_settings(where, settings);
  check_finite(where, slots);
  std::vector<ParameterState> next;
  for (const Slot& slot : slots) {
    const auto known = state.find(slot.name);
    if (known == state.end() && !state.empty())
      fail<CheckpointError>(where, "there is no state of parameter '", slot.name,
                            "'. The state belongs to another model.");
    ParameterState mine = known == state.end() ? ParameterState{} : known->second;
    mine.tensors.resize(tensors);
    for (Tensor& t : mine.tensors) {
      if (!t.defined()) t = zeros_like(*slot.value);
      if (t.shape() != slot.value->shape() || t.dtype() != slot.value->dtype())
        fail<CheckpointError>(where, "the state of parameter '", slot.name, "' is ", t.shape(), ' ', t.dtype(),
                              ", but the model has ", slot.value->shape(), ' ', slot.value->dtype(),
                              ". The state belongs to another model.");
    }
    next.push_back(std::move(mine));
  }
  if (!state.empty() && state.size() != slots.size())
    fail<CheckpointError>(where, "the state has ", state.size(), " parameters, but the model has ", slots.size(),
                          ". The state belongs to another model.");
  std::vector<ParameterState*> result;
  for (size_t i = 0; i < slots.size(); ++i) {
    result.push_back(&state[slots[i].name]);
    *result.back() = std::move(next[i]);
  }
  return result;
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
  const double value = entry->second.item();
  if (!std::isfinite(value))
    fail<CheckpointError>(where, "entry '", key, "' is ", value,
                          ", expected a finite number. The checkpoint is damaged.");
  return value;
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
  if (rate < 0)
    fail<CheckpointError>(where, "entry '", prefix, "lr' is ", rate,
                          ", expected at least 0. The checkpoint is damaged.");
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
    for (size_t i = 0; i < names.size(); ++i) {
      if (!s.tensors[i].defined())
        fail<CheckpointError>(where, "entry '", prefix, parameter, '.', names[i],
                              "' is missing. The checkpoint is damaged.");
      if (s.tensors[i].shape() != s.tensors[0].shape() || s.tensors[i].dtype() != s.tensors[0].dtype())
        fail<CheckpointError>(where, "entries '", prefix, parameter, '.', names[0], "' and '", names[i],
                              "' differ in shape or dtype. The checkpoint is damaged.");
    }
  }
  state = std::move(loaded);
  lr = rate;
}

}  // namespace dimwise::detail
