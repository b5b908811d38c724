#include "nn/optim/ema.hpp"

#include <cmath>

#include "nn/optim/detail/update.hpp"

namespace dimwise::detail {

void check_decay(double decay) {
  if (!(decay >= 0 && decay < 1)) fail<ValueError>("ema", "decay is ", decay, ". It must be at least 0 and below 1.");
}

void copy_constants(const std::vector<Member>& from, const std::vector<Member>& to) {
  const auto constants = [](const std::vector<Member>& all) {
    std::map<std::string, Tensor*> result;
    for (const Member& member : all)
      if (!member.trained) result.emplace(member.name, member.value);
    return result;
  };
  const auto source = constants(from), target = constants(to);
  for (const auto& [name, t] : target) {
    const auto s = source.find(name);
    if (s == source.end() || s->second->shape() != t->shape() || source.size() != target.size())
      fail<ShapeError>("ema", "constant '", name, "' of the average has shape ", t->shape(),
                       ", and the model none of that name and shape. Give the model of this average.");
  }
  for (const auto& [name, t] : target) *t = *source.at(name);
}

void move_towards(const std::vector<Slot>& slots, double weight, std::map<std::string, Tensor>& carries) {
  // Equal values stay, also if they are infinite.
  const auto moved = [weight](double from, double to) {
    return from == to || weight == 1 ? to : from + weight * (to - from);
  };
  for (const Slot& slot : slots) {
    if (!slot.gradient.defined()) continue;
    const int64_t n = slot.value->size();
    if (slot.value->dtype() == DType::float64) {
      const double* newer = slot.gradient.node()->data<double>();
      double* average = own<double>(*slot.value);
      for (int64_t i = 0; i < n; ++i) average[i] = moved(average[i], newer[i]);
      continue;
    }
    Tensor& kept = carries[slot.name];
    if (!kept.defined()) kept = zeros_like(*slot.value);
    const float* newer = slot.gradient.node()->data<float>();
    float *average = own<float>(*slot.value), *carry = own<float>(kept);
    for (int64_t i = 0; i < n; ++i) {
      const double exact = moved(static_cast<double>(average[i]) + static_cast<double>(carry[i]), newer[i]);
      average[i] = static_cast<float>(exact);
      carry[i] = std::isfinite(average[i]) ? static_cast<float>(exact - static_cast<double>(average[i])) : 0;
    }
  }
}

std::map<std::string, Tensor> saved_carries(const std::map<std::string, Tensor>& saved, const std::string& prefix,
                                            const std::vector<Member>& average) {
  std::map<std::string, Tensor> result;
  for (const Member& member : average) {
    if (!member.trained || member.value->dtype() != DType::float32) continue;
    const auto entry = saved.find(prefix + member.name);
    if (entry == saved.end() || entry->second.shape() != member.value->shape() ||
        entry->second.dtype() != DType::float32)
      fail<CheckpointError>("ema", "entry '", prefix, member.name, "' is missing, or not a float32 tensor of shape ",
                            member.value->shape(), ". The checkpoint belongs to another model.");
    result.emplace(member.name, entry->second);
  }
  return result;
}

}  // namespace dimwise::detail
