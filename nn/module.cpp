#include "nn/module.hpp"

namespace dimwise::detail {

void load_into(const std::vector<Member>& members, const std::map<std::string, Tensor>& state,
               const std::string& prefix) {
  std::vector<Tensor> found;
  for (const auto& [name, slot, trained] : members) {
    const auto saved = state.find(prefix + name);
    if (saved == state.end())
      fail<CheckpointError>("load", "tensor '", prefix + name,
                            "' is missing. The checkpoint belongs to another model.");
    const Tensor& t = saved->second;
    if (t.shape() != slot->shape() || t.dtype() != slot->dtype())
      fail<CheckpointError>("load", "tensor '", prefix + name, "' is ", t.shape(), ' ', t.dtype(),
                            " where the model has ", slot->shape(), ' ', slot->dtype(),
                            ". The checkpoint belongs to another model.");
    found.push_back(t);
  }
  for (size_t i = 0; i < members.size(); ++i) *members[i].value = found[i];
}

}  // namespace dimwise::detail
