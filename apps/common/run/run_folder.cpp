#include "apps/common/run/run_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/common/cli/exit_code.hpp"
#include "autodiff/base/error.hpp"
#include "nn/io/bytes.hpp"
#include "nn/io/safetensors.hpp"

namespace dimwise::app {
namespace {

namespace fs = std::filesystem;

// The lines of metrics.jsonl up to a step. A line that was cut short when the run was killed is dropped.
std::string metrics_until(const std::string& path, int64_t step) {
  std::ifstream in(path);
  std::string kept;
  for (std::string line; std::getline(in, line);) {
    const auto entry = nlohmann::json::parse(line, nullptr, false);
    if (!entry.is_object() || !entry.contains("step") || !entry["step"].is_number()) continue;
    if (entry["step"].get<double>() <= static_cast<double>(step)) kept += line + "\n";
  }
  return kept;
}

std::string now() {
  const std::time_t time = std::time(nullptr);
  std::tm local{};
  localtime_r(&time, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
  return text;
}

}  // namespace

RunFolder::RunFolder(const std::string& path, const std::string& config, const std::optional<Checkpoint>& resumed)
    : path_(path) {
  if (path_.empty()) fail<UsageError>("--out", "is empty. Give the folder for the run.");
  std::error_code error;
  fs::create_directories(path_ + "/figs", error);
  if (error) fail<Error>("out", "cannot make the folder \"", path_, "\": ", error.message(), ". Choose another --out.");
  try {
    write_atomically(path_ + "/config.toml", as_bytes(config));
    const std::string earlier = resumed ? metrics_until(path_ + "/metrics.jsonl", resumed->step) : "";
    write_atomically(path_ + "/metrics.jsonl", as_bytes(earlier));
  } catch (const DataError& unwritable) {
    fail<Error>("out", unwritable.what(), " Choose another --out.");
  }
  metrics_ = append("metrics.jsonl");
  log_ = append("log.txt");
  if (resumed && fs::equivalent(fs::absolute(resumed->path).parent_path(), path_, error))
    kept_ = {fs::path(resumed->path).filename().string()};
}

std::ofstream RunFolder::append(const std::string& name) const {
  std::ofstream file(path_ + "/" + name, std::ios::app);
  if (!file)
    fail<Error>("out", "cannot write ", path_, "/", name, ": ", std::strerror(errno), ". Choose another --out.");
  return file;
}

void RunFolder::metrics(int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  nlohmann::ordered_json entry{{"step", step}};
  for (const auto& [name, value] : values) entry[name] = value;
  metrics_ << entry.dump() << '\n' << std::flush;
  if (!metrics_) fail<Error>("out", "cannot write ", path_, "/metrics.jsonl. Is the disk full?");
}

void RunFolder::log(const std::string& text) {
  log_ << now() << ' ' << text << '\n' << std::flush;
  if (!log_) fail<Error>("out", "cannot write ", path_, "/log.txt. Is the disk full?");
}

std::string RunFolder::save(int64_t step, const std::map<std::string, Tensor>& tensors,
                            std::map<std::string, std::string> metadata) {
  const std::string name = checkpoint_name(step), file = path_ + "/" + name;
  metadata["step"] = std::to_string(step);
  try {
    save_safetensors(file, tensors, metadata);
    write_atomically(path_ + "/latest", as_bytes(name + "\n"));
  } catch (const Error& error) {
    fail<CheckpointError>("checkpoint", "cannot save ", file, ": ", error.what());
  }
  if (kept_.empty() || kept_.back() != name) kept_.push_back(name);
  if (kept_.size() > 2) kept_.erase(kept_.begin());
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(path_, ignored)) {
    const std::string other = entry.path().filename().string();
    const bool kept = std::find(kept_.begin(), kept_.end(), other) != kept_.end();
    const bool torn = other.compare(0, 5, ".tmp-") == 0;  // of a run that was killed while saving
    if (torn || (other.compare(0, 5, "ckpt-") == 0 && !kept)) fs::remove(entry.path(), ignored);
  }
  return file;
}

std::string result_folder(const std::string& out) {
  return fs::is_directory(out) ? out : fs::absolute(out).parent_path().string();
}

std::string result_figure(const std::string& out, const std::string& name) {
  const std::string folder = result_folder(out) + "/figs";
  fs::create_directories(folder);
  return folder + "/" + name;
}

}  // namespace dimwise::app
