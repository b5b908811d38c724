#include "nn/module.hpp"

#include <algorithm>
#include <set>

namespace dimwise::detail {

void named_twice(const std::string& name) {
  fail<ValueError>("module", "two members are visited as '", name, "'. Give them different names.");
}

void CollectSettings::add(const std::string& name, std::string text) {
  if (!all.emplace(name, std::move(text)).second) named_twice(name);
}

const std::string& Rebuild::text(const std::string& name) const {
  const auto saved = settings.find(name);
  if (saved == settings.end())
    fail<CheckpointError>("load_model", "setting '", name, "' is missing. The file belongs to another model.");
  return saved->second;
}
void Rebuild::check_size(const std::string& name, int64_t size) const {
  if (size < 0 || static_cast<size_t>(size) > settings.size() + tensors.size())
    fail<CheckpointError>("load_model", "setting '", name, ".size' is ", size, ", but there are only ", tensors.size(),
                          " tensors and ", settings.size(), " settings. The file is damaged.");
}
void Rebuild::unknown_kind(const std::string& name) const {
  fail<CheckpointError>("load_model", "setting '", name, "' is ", text(name),
                        ", which is no kind of the model. The file belongs to another model.");
}

void refuse_outer(const Tape& tape, const std::vector<Member>& outer) {
  std::vector<std::pair<const Node*, const Member*>> constants;
  for (const Member& member : outer)
    if (member.trained && !member.value->tracked()) constants.emplace_back(member.value->node(), &member);
  std::sort(constants.begin(), constants.end());
  for (const Tensor& y : tape.nodes())
    for (const Tensor& x : y.node()->inputs) {
      if (x.tracked()) continue;
      const auto found = std::lower_bound(constants.begin(), constants.end(), x.node(),
                                          [](const auto& entry, const Node* node) { return entry.first < node; });
      if (found != constants.end() && found->first == x.node())
        fail<ValueError>("value_and_grad", "the loss uses parameter '", found->second->name,
                         "' of the outer model in addition to its argument, which would have no gradient. Use the "
                         "function's argument, or stop_gradient of the parameter if it is a constant.");
    }
}

void load_into(const std::vector<Member>& members, const std::map<std::string, Tensor>& state,
               const std::string& prefix, bool strict) {
  if (members.empty()) fail<CheckpointError>("load", "the model has no tensors. Construct it from a config first.");
  std::vector<Tensor> found;
  std::set<std::string> names;
  for (const auto& [name, slot, trained] : members)
    if (!names.insert(name).second) named_twice(name);
  for (const auto& [name, slot, trained] : members) {
    const auto saved = state.find(prefix + name);
    if (saved == state.end())
      fail<CheckpointError>("load", "tensor '", prefix + name,
                            "' is missing. The checkpoint belongs to another model.");
    const Tensor& t = saved->second;
    if (t.shape() != slot->shape() || t.dtype() != slot->dtype())
      fail<CheckpointError>("load", "tensor '", prefix + name, "' is ", t.shape(), ' ', t.dtype(),
                            ", but the model has ", slot->shape(), ' ', slot->dtype(),
                            ". The checkpoint belongs to another model.");
    found.push_back(t);
  }
  for (auto entry = state.lower_bound(prefix); strict && entry != state.end() && entry->first.starts_with(prefix);
       ++entry)
    if (!names.contains(entry->first.substr(prefix.size())))
      fail<CheckpointError>("load", "the model has no tensor '", entry->first,
                            "', which is saved. The checkpoint belongs to another model; strict = false ignores it.");
  for (size_t i = 0; i < members.size(); ++i) *members[i].value = found[i];
}

}  // namespace dimwise::detail
