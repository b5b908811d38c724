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

// Checkpoints, and what names and records them.
std::vector<fs::path> run_files(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("ckpt-") || name == "latest" || name == "config.toml" || name == "metrics.jsonl" ||
        name == "log.txt")
      files.push_back(entry.path());
  }
  return files;
}

// Throws UsageError if the folder holds checkpoints, or results of another command.
void check_vacant(const std::string& folder, const Command& command) {
  const std::vector<fs::path> files = run_files(folder);
  const bool trained = std::any_of(files.begin(), files.end(),
                                   [](const fs::path& file) { return file.filename().string().starts_with("ckpt-"); });
  std::string writer;
  std::getline(std::ifstream(folder + "/config.toml"), writer);
  writer = writer.substr(0, writer.find(','));  // as in effective_config
  if (writer.starts_with("# ")) writer.erase(0, 2);
  if (!trained && (files.empty() || writer.empty() || writer == command.full_name())) return;
  const auto& settings = command.settings();
  const bool trains =
      std::any_of(settings.begin(), settings.end(), [](const Setting& s) { return s.name == "resume"; });
  fail<UsageError>("--out", "\"", folder, "\" holds a run of ", writer.empty() ? "another program" : writer, ". ",
                   trains ? "Continue it by --resume auto, delete it by --overwrite, or give another --out."
                          : "Give another --out.");
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

RunFolder::RunFolder(const std::string& path, const Command& command, const Options& options)
    : path_(path), lock_(options.lock) {
  if (path_.empty()) fail<UsageError>("--out", "is empty. Give the folder for the run.");
  std::error_code error;
  fs::create_directories(path_ + "/figs", error);
  if (error) fail<Error>("out", "cannot make the folder \"", path_, "\": ", error.message(), ". Choose another --out.");
  if (!lock_) lock_ = std::make_shared<const RunLock>(path_);
  const bool goes_on =
      options.resumed && fs::equivalent(fs::absolute(options.resumed->path).parent_path(), path_, error);
  if (options.overwrite)
    for (const fs::path& file : run_files(path_)) fs::remove(file);
  else if (!goes_on)
    check_vacant(path_, command);
  write_result("out", "--out", [&] {
    write_atomically(path_ + "/config.toml", as_bytes(command.effective_config()));
    const std::string earlier = options.resumed ? metrics_until(path_ + "/metrics.jsonl", options.resumed->step) : "";
    write_atomically(path_ + "/metrics.jsonl", as_bytes(earlier));
  });
  metrics_ = append("metrics.jsonl");
  log_ = append("log.txt");
  if (goes_on) kept_ = {fs::path(options.resumed->path).filename().string()};
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
  const std::string name = checkpoint_name(step);
  std::string file = path_ + "/" + name;
  metadata["step"] = std::to_string(step);
  try {
    save_checkpoint(file, tensors, std::move(metadata));
    write_atomically(path_ + "/latest", as_bytes(name + "\n"));
  } catch (const DataError& error) {
    fail<Error>("checkpoint", "cannot save ", file, ": ", error.what(),
                kept_.empty() ? "" : " The checkpoint before is whole.");
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

void write_result(const char* command, const char* flag, const std::function<void()>& write) {
  try {
    write();
  } catch (const DataError& unwritable) {
    fail<Error>(command, unwritable.what(), " Choose another ", flag, ".");
  }
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
