#include "apps/common/run/checkpoint.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "apps/common/data/sha256.hpp"
#include "autodiff/base/error.hpp"
#include "nn/io/safetensors.hpp"

namespace dimwise::app {
namespace {

namespace fs = std::filesystem;

std::optional<int64_t> whole(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<int64_t> step_of_name(const std::string& name) {
  const std::string before = "ckpt-", after = ".safetensors";
  if (name.size() <= before.size() + after.size() || name.compare(0, before.size(), before) != 0 ||
      name.compare(name.size() - after.size(), after.size(), after) != 0)
    return std::nullopt;
  return whole(name.substr(before.size(), name.size() - before.size() - after.size()));
}

// The file named by `latest` is the first; an earlier run can have left later steps.
std::vector<std::string> newest_first(const std::string& folder) {
  std::vector<std::pair<int64_t, std::string>> found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (const auto step = step_of_name(name)) found.emplace_back(*step, name);
  }
  std::string latest;
  std::ifstream file(folder + "/latest");
  std::getline(file, latest);
  std::sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
    return std::pair(a.second == latest, a.first) > std::pair(b.second == latest, b.first);
  });
  std::vector<std::string> paths;
  for (const auto& [step, name] : found) paths.push_back((fs::path(folder) / name).string());
  return paths;
}

std::optional<Checkpoint> newest(const std::string& folder) {
  std::vector<std::string> skipped;
  for (const auto& path : newest_first(folder)) {
    try {
      Checkpoint checkpoint = load_checkpoint(path);
      checkpoint.skipped = std::move(skipped);
      return checkpoint;
    } catch (const CheckpointError& error) {
      skipped.push_back(error.what());
    }
  }
  if (skipped.empty()) return std::nullopt;
  std::string reasons;
  for (const auto& reason : skipped) reasons += "\n  " + reason;
  fail<CheckpointError>("resume", "no checkpoint in ", folder, " can be read. Start a new run without --resume.",
                        reasons);
}

}  // namespace

std::string checkpoint_name(int64_t step) { return fmt::format("ckpt-{}.safetensors", step); }

Checkpoint load_checkpoint(const std::string& path) {
  SafeTensors file;
  try {
    file = load_safetensors(path);
  } catch (const MemoryError&) {
    throw;  // the file may be sound
  } catch (const Error& error) {
    fail<CheckpointError>("checkpoint", "cannot read ", path, ": ", error.what());
  }
  const auto saved = file.metadata.extract("sha256");
  if (saved.empty() || saved.mapped() != sha256(to_safetensors(file.tensors, file.metadata)))
    fail<CheckpointError>("checkpoint", path, saved.empty() ? " has no checksum" : " differs from its checksum",
                          ": it is damaged, or no training of this version saved it. Give another checkpoint.");
  const auto entry = file.metadata.find("step");
  const auto step = entry == file.metadata.end() ? std::nullopt : whole(entry->second);
  if (!step)
    fail<CheckpointError>("checkpoint", path, " has no step in its metadata. Give a file that a training run saved.");
  return {*step, std::move(file.tensors), std::move(file.metadata), path, {}};
}

void save_checkpoint(const std::string& path, const std::map<std::string, Tensor>& tensors,
                     std::map<std::string, std::string> metadata) {
  metadata["sha256"] = sha256(to_safetensors(tensors, metadata));
  save_safetensors(path, tensors, metadata);
}

std::optional<Checkpoint> find_checkpoint(const std::string& resume, const std::string& out) {
  if (resume.empty()) return std::nullopt;
  if (resume == "auto") return newest(out);
  std::error_code ignored;
  if (!fs::exists(resume, ignored))
    fail<CheckpointError>("resume", "there is no \"", resume,
                          "\". Give a checkpoint or run folder, or --resume auto for the newest in --out.");
  if (!fs::is_directory(resume, ignored)) return load_checkpoint(resume);
  auto found = newest(resume);
  if (!found)
    fail<CheckpointError>("resume", resume, " contains no ", "ckpt-*.safetensors. Give the folder of an earlier run.");
  return found;
}

Checkpoint trained_checkpoint(const std::string& path, const std::string& thing, const std::string& app) {
  std::optional<Checkpoint> checkpoint;
  if (fs::is_directory(path))
    checkpoint = find_checkpoint("auto", path);
  else if (fs::exists(path))
    checkpoint = load_checkpoint(path);
  if (!checkpoint)
    fail<CheckpointError>("model", "there is no ", thing, " in \"", path,
                          "\". Give the folder or a checkpoint of a run by --out, or make one: ", app, " train.");
  for (const std::string& skipped : checkpoint->skipped) std::cerr << app << ": warning: skipped " << skipped << '\n';
  return *std::move(checkpoint);
}

std::vector<double> read_meters(const Checkpoint& checkpoint, int64_t count) {
  const auto meters = checkpoint.tensors.find("meters");
  if (meters == checkpoint.tensors.end() || meters->second.size() != count || meters->second.dtype() != DType::float64)
    fail<CheckpointError>("checkpoint", checkpoint.path, " has no valid meters, so no training of this version saved ",
                          "it. Start a new run.");
  return meters->second.values();
}

}  // namespace dimwise::app
