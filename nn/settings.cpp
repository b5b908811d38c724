#include "nn/settings.hpp"

#include <cxxabi.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "autodiff/base/error.hpp"

namespace dimwise::detail {

namespace {
constexpr const char* key = "setting.";
}

void wrong_setting(const std::string& name, const std::string& text) {
  fail<CheckpointError>("load_model", "setting '", name, "' is ", text,
                        ", which is no value of it. The file is damaged, or belongs to another model.");
}

template <class T>
std::string to_json(const T& value) {
  try {
    return nlohmann::json(value).dump();
  } catch (const nlohmann::json::exception&) {
    fail<ValueError>("settings", "a text of the model is not valid UTF-8. Encode it.");
  }
}
template <class T>
T from_json(const std::string& name, const std::string& text) {
  try {
    return nlohmann::json::parse(text).get<T>();
  } catch (const nlohmann::json::exception&) {
    wrong_setting(name, text);
  }
}
#define DIMWISE_STORED(...)                         \
  template std::string to_json(const __VA_ARGS__&); \
  template __VA_ARGS__ from_json(const std::string&, const std::string&);
DIMWISE_STORED(bool)
DIMWISE_STORED(int64_t)
DIMWISE_STORED(double)
DIMWISE_STORED(std::string)
DIMWISE_STORED(std::vector<int64_t>)
DIMWISE_STORED(std::vector<double>)
DIMWISE_STORED(std::vector<std::string>)
DIMWISE_STORED(std::vector<std::vector<int64_t>>)
#undef DIMWISE_STORED

std::string type_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                    std::free);
  return status == 0 ? name.get() : type.name();
}

void compare_settings(const std::string& path, const Settings& saved, const Settings& model, bool strict) {
  if (model.empty() && saved.empty()) return;
  if (saved.empty()) {
    std::fprintf(stderr, "load: %s holds no settings, such as activations; those of the model are kept.\n",
                 path.c_str());
    return;
  }
  for (const auto& [name, value] : model) {
    const auto entry = saved.find(name);
    if (entry == saved.end() && strict)
      fail<CheckpointError>("load", "setting '", name, "' is missing in ", path,
                            ". The file belongs to another model; strict = false ignores it.");
    if (entry != saved.end() && entry->second != value)
      fail<CheckpointError>("load", "setting '", name, "' is ", entry->second, " in ", path, ", but ", value,
                            " in the model. Construct the model with the same settings, or use load_model.");
  }
  for (const auto& [name, value] : saved)
    if (strict && !model.contains(name))
      fail<CheckpointError>("load", "the model has no setting '", name, "', which is saved in ", path,
                            ". The file belongs to another model; strict = false ignores it.");
}

void add_settings(std::map<std::string, std::string>& metadata, const Settings& settings) {
  for (const auto& [name, value] : settings)
    if (!metadata.emplace(key + name, value).second)
      fail<ValueError>("save", "the metadata has the key '", key, name,
                       "', which is a setting of the model. Rename it.");
}

Settings take_settings(std::map<std::string, std::string>& metadata) {
  const std::string prefix = key;
  Settings found;
  for (auto entry = metadata.lower_bound(prefix); entry != metadata.end() && entry->first.starts_with(prefix);) {
    found.emplace(entry->first.substr(prefix.size()), std::move(entry->second));
    entry = metadata.erase(entry);
  }
  return found;
}

}  // namespace dimwise::detail
