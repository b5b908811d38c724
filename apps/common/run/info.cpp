#include "apps/common/run/info.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/common/report/metrics.hpp"
#include "apps/common/run/run_folder.hpp"

namespace dimwise::app {

namespace {

using Json = nlohmann::ordered_json;

Json last_metrics(const std::string& folder) {
  Json last = Json::object();
  for (const auto& line : read_metrics(folder + "/metrics.jsonl"))
    for (const auto& [name, value] : line.items())
      if (!value.is_null()) last[name] = value;
  return last;
}

Json scores(const std::string& folder) {
  std::ifstream in(folder + "/eval.json");
  if (!in) return nullptr;
  Json saved = Json::parse(in, nullptr, false);
  if (!saved.is_object()) fail<DataError>("info", folder, "/eval.json is damaged. Repeat eval, or delete the file.");
  return saved;
}

const char* dtype_name(const Tensor& tensor) { return name(tensor.dtype()); }

std::string group_of(const std::string& name) { return name.substr(0, name.find('.')); }

Json tensors(const Checkpoint& checkpoint) {
  Json all = Json::array();
  for (const auto& [name, tensor] : checkpoint.tensors)
    all.push_back({{"name", name}, {"shape", tensor.shape()}, {"dtype", dtype_name(tensor)}});
  return all;
}

// As on the command line: 64,64 for [64,64], text without quotes.
std::string short_text(const Json& value) {
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
  std::replace(text.begin(), text.end(), '\n', ',');
  return text;
}

void print_scores(const Json& scores) {
  for (const auto& [name, value] : scores.items()) {
    if (value.is_number() || value.is_string())
      std::cout << fmt::format("  {:<32} {}\n", name, short_text(value));
    else if (value.is_object() && value.contains("mean") && value.contains("standard_error"))
      std::cout << fmt::format("  {:<32} {} +- {}\n", name, value["mean"].dump(), value["standard_error"].dump());
  }
}

void print_tensors(const InfoSettings& s, const Checkpoint& checkpoint) {
  std::map<std::string, std::pair<int64_t, int64_t>> counts;  // of tensors and of numbers, by the first word
  for (const auto& [name, tensor] : checkpoint.tensors) {
    auto& [n, numbers] = counts[group_of(name)];
    ++n;
    numbers += tensor.size();
  }
  for (const auto& [group, count] : counts) {
    std::cout << fmt::format("{}: {} {}, {} numbers\n", group, count.first, count.first == 1 ? "tensor" : "tensors",
                             count.second);
    for (const auto& [name, tensor] : checkpoint.tensors)
      if (group_of(name) == group && (s.all || group == "model"))
        std::cout << fmt::format("  {:<48} {} {}\n", name, dtype_name(tensor), fmt::join(tensor.shape(), " x "));
  }
}

}  // namespace

Command& info_command(App& app, const std::string& thing, const std::string& out, InfoSettings& s) {
  s.common.out = out;
  Command& c = app.command("info", "describes a " + thing + ": its settings, data, scores and tensors");
  c.example("info " + out, "What a run is, and how it was trained");
  c.section("Run");
  Setting& run = c.add("out", s.common.out, "run folder or checkpoint; the flag can be left out");
  run.placeholder = "RUN";
  run.positional = true;
  c.add("all", s.all, "list settings that are the default, and all tensors of the checkpoint");
  add_json(c, s.common);
  return c;
}

void print_info(const InfoSettings& s, const Checkpoint& checkpoint, const Command& command, const Command& defaults) {
  const Json saved = saved_settings(command), usual = saved_settings(defaults);
  const std::string folder = result_folder(checkpoint.path);
  const Json metrics = last_metrics(folder), eval = scores(folder);
  const auto found = checkpoint.metadata.find("version");
  const std::string version = found == checkpoint.metadata.end() ? "unknown" : found->second;
  if (s.common.json) {
    std::cout << Json{{"checkpoint", checkpoint.path},
                      {"step", checkpoint.step},
                      {"command", command.full_name()},
                      {"version", version},
                      {"settings", saved},
                      {"metrics", metrics},
                      {"eval", eval},
                      {"tensors", tensors(checkpoint)}}
                     .dump()
              << '\n';
    return;
  }
  std::cout << fmt::format("checkpoint  {}, step {}, {} bytes\n", checkpoint.path, checkpoint.step,
                           std::filesystem::file_size(checkpoint.path))
            << fmt::format("trained by  {}, version {}\n", command.full_name(), version)
            << (s.all ? "settings\n" : "settings that are not the default\n");
  for (const auto& [name, value] : saved.items()) {
    const bool flag = name.find(' ') == std::string::npos;
    if (s.all || !usual.contains(name) || usual[name] != value || name == "data")
      std::cout << fmt::format("  {:<32} {}\n", (flag ? "--" : "") + name, short_text(value));
  }
  if (!metrics.empty()) std::cout << "last metrics\n";
  print_scores(metrics);
  std::cout << (eval.is_null() ? "no scores: there is no eval.json\n" : "scores of eval\n");
  if (!eval.is_null()) print_scores(eval);
  print_tensors(s, checkpoint);
}

}  // namespace dimwise::app
