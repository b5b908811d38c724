#include "apps/common/run/saved_settings.hpp"

#include <nlohmann/json.hpp>

#include "apps/common/cli/exit_code.hpp"

namespace dimwise::app {

namespace {

using Json = nlohmann::ordered_json;

std::string entry(const Checkpoint& checkpoint, const std::string& key) {
  const auto found = checkpoint.metadata.find(key);
  return found == checkpoint.metadata.end() ? "" : found->second;
}

// A value in the form that Setting::read takes: text without quotes, lists separated by commas.
std::string as_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string list;
  for (const Json& element : value) list += (list.empty() ? "" : ",") + as_text(element);
  return list;
}

}  // namespace

Json saved_settings(const Command& command) {
  Json saved = Json::object();
  for (const Setting& setting : command.settings())
    if (setting.in_checkpoint) saved[setting.name] = Json::parse(setting.toml());
  return saved;
}

bool written_by(const Checkpoint& checkpoint, const std::string& command) {
  return entry(checkpoint, "command") == command;
}

void check_writer(const Checkpoint& checkpoint, const std::string& command) {
  if (written_by(checkpoint, command)) return;
  const std::string writer = entry(checkpoint, "command");
  fail<CheckpointError>("checkpoint", checkpoint.path, " was not written by ", command, ", but by ",
                        writer.empty() ? "another program or an older version" : writer,
                        ". Give a run of this version, or start a new one by ", command, ".");
}

Json read_settings(const Checkpoint& checkpoint, const std::string& command) {
  check_writer(checkpoint, command);
  Json saved = Json::parse(entry(checkpoint, "settings"), nullptr, false);
  if (!saved.is_object())
    fail<CheckpointError>("checkpoint", checkpoint.path, " has no settings that can be read. Start a new run by ",
                          command, ".");
  return saved;
}

void restore_settings(const Command& command, const Checkpoint& checkpoint) {
  const std::string writer = command.full_name();
  const Json saved = read_settings(checkpoint, writer);
  for (const Setting& setting : command.settings()) {
    if (!setting.in_checkpoint) continue;
    const auto value = saved.find(setting.name);
    if (value == saved.end())
      fail<CheckpointError>("checkpoint", checkpoint.path, " lacks \"", setting.name,
                            "\", so it is of another version. Start a new run by ", writer, ".");
    try {
      setting.read(setting.name, as_text(*value));
    } catch (const UsageError& error) {
      fail<CheckpointError>("checkpoint", checkpoint.path, " has settings that are not valid: ", error.what(),
                            ". Start a new run by ", writer, ".");
    }
  }
}

std::string setting_differences(const Json& saved, const Json& asked) {
  std::string text;
  for (const auto& [name, value] : asked.items()) {
    const auto before = saved.find(name);
    if (before != saved.end() && *before == value) continue;
    const bool flag = name.find(' ') == std::string::npos;
    text += (text.empty() ? "" : "; ") + std::string(flag ? "--" : "") + name + " is " +
            (before == saved.end() ? "unset" : before->dump()) + ", not " + value.dump();
  }
  return text;
}

}  // namespace dimwise::app
