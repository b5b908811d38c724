#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/common/cli/common_flags.hpp"
#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cli/lists.hpp"
#include "apps/common/report/mean.hpp"
#include "apps/common/report/metrics.hpp"
#include "apps/vae/commands.hpp"
#include "apps/vae/settings.hpp"
#include "nn/io/bytes.hpp"

namespace dimwise::app::vae {

namespace {

using Json = nlohmann::ordered_json;

struct TableSettings {
  CommonFlags common{.out = "runs/table", .figures = {.formats = {Format::svg}}};
  std::string runs, title = "Posteriors of variational autoencoders";
};

// A scored run: its folder, its eval.json, and what they say.
struct Run {
  std::string folder;
  Json eval;
  std::string row;  // of the table

  const Json& training(const char* name) const { return eval.at("settings").at("training").at(name); }
};

std::string number(double v, int digits) { return fmt::format("{:.{}f}", v, digits); }

std::string with_error(const Json& mean) {
  return number(mean.at("mean"), 2) + " ± " + number(mean.at("standard_error"), 2);
}

// The median over whole epochs in seconds.jsonl.
std::string seconds(const Run& run) {
  std::vector<double> all;
  int64_t threads = 0;
  std::ifstream in(run.folder + "/seconds.jsonl");
  for (std::string text; std::getline(in, text);) {
    const auto j = Json::parse(text, nullptr, false);
    if (!j.is_object()) continue;  // cut short when the run was killed
    all.push_back(j.at("seconds"));
    threads = j.at("threads");
  }
  return all.empty() ? "–" : number(median(all), 1) + (threads > 1 ? fmt::format(" on {} cores", threads) : "");
}

std::string evaluations(const Run& run) {
  if (!continuous(run.training("flow"))) return "–";
  const std::vector<double> all = read_metric(run.folder + "/metrics.jsonl", "evaluations").y;
  const auto last = static_cast<std::ptrdiff_t>(std::max<size_t>(all.size() / 10, std::min<size_t>(all.size(), 1)));
  return number(median({all.end() - last, all.end()}), 0);
}

// Throws what Json throws for an entry that is missing or of another kind.
std::string row(const Run& run) {
  const Json& e = run.eval;
  std::string text = "|";
  const auto cell = [&](const std::string& words) { text += " " + words + " |"; };
  cell(run.training("data"));
  cell(std::to_string(e.value("train_images", int64_t{0})));
  cell(run.training("arch"));
  cell(std::string(run.training("flow")) +
       (run.training("flow") == "none" ? "" : fmt::format(" × {}", run.training("num-flows").get<int64_t>())));
  cell(std::to_string(e.value("flow_parameters", int64_t{0})));
  cell(std::to_string(e.at("epoch").get<int64_t>()) +
       (e.at("settings").at("weights") == "best" ? fmt::format(", best {}", e.at("best_epoch").get<int64_t>()) : ""));
  cell(with_error(e.at("negative_elbo")));
  cell(with_error(e.at("nll")));
  cell(fmt::format("{} × {}", e.at("nll").at("images").get<int64_t>(), e.at("settings").at("samples").get<int64_t>()));
  cell(seconds(run));
  cell(evaluations(run));
  return text;
}

Run read_run(const std::string& folder) {
  const std::string path = folder + "/eval.json";
  std::ifstream in(path);
  if (!in)
    fail<DataError>("table", "there is no ", path, ". Score the run first: dimwise-vae eval --out ", folder, '.');
  Run run{folder, Json::parse(in, nullptr, false), ""};
  try {
    run.row = row(run);
  } catch (const Json::exception&) {
    fail<DataError>("table", path, " was not written by dimwise-vae eval, or ", folder,
                    "/seconds.jsonl is damaged. Score the run again, or delete the damaged file.");
  }
  return run;
}

std::string markdown(const TableSettings& s, const std::vector<Run>& runs) {
  std::string text = "# " + s.title + "\n\n";
  text +=
      "| data | images | net | flow | parameters of the flow | epochs | −ELBO | NLL | NLL images × draws | seconds an "
      "epoch | evaluations a step |\n|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Run& run : runs) text += run.row + "\n";
  return text +
         "\nNats an image, lower is better, ± standard error over the test images. −ELBO: all test images with one "
         "draw "
         "of z each, unless eval was given another number. Evaluations: of the dynamics in the last tenth of the "
         "training.\n";
}

Figure figure(const std::vector<Run>& runs) {
  Figure figure{.panels = {}, .columns = 3};
  Panel curves{.title = "−ELBO of the validation images", .x_label = "epoch", .y_label = "nats an image"},
      scores{.title = "test images", .x_label = "−ELBO, nats", .y_label = "NLL, nats"},
      cost{.title = "evaluations of the dynamics in a step", .x_label = "step"};
  for (const Run& run : runs) {
    const std::string metrics = run.folder + "/metrics.jsonl",
                      label = std::filesystem::path(run.folder).filename().string();
    Line curve = read_metric(metrics, "validation_negative_elbo", label);
    const std::vector<double> epochs = read_metric(metrics, "epoch").y;
    if (epochs.size() == curve.x.size()) curve.x = epochs;
    curves.lines.push_back(std::move(curve));
    scores.lines.push_back({{run.eval.at("negative_elbo").at("mean")}, {run.eval.at("nll").at("mean")}, label, true});
    // An empty line keeps the colors of the other panels.
    cost.lines.push_back(
        continuous(run.training("flow")) ? running_median(read_metric(metrics, "evaluations", label), 25) : Line{});
  }
  figure.panels = {curves, scores};
  if (std::any_of(cost.lines.begin(), cost.lines.end(), [](const Line& line) { return !line.x.empty(); }))
    figure.panels.push_back(cost);
  figure.columns = static_cast<int>(figure.panels.size());
  return figure;
}

void table(const TableSettings& s) {
  std::vector<Run> runs;
  for (const std::string& folder : words_of(s.runs)) runs.push_back(read_run(folder));
  if (runs.empty()) fail<UsageError>("--runs", "is empty. Give the folders of scored runs, as runs/a,runs/b.");
  std::error_code error;
  const std::string& out = s.common.out;
  std::filesystem::create_directories(out, error);
  if (error) fail<Error>("out", "cannot make the folder \"", out, "\": ", error.message(), ". Choose another --out.");
  const std::string text = markdown(s, runs);
  write_atomically(out + "/table.md", as_bytes(text));
  const std::vector<std::string> figures = write_figure(figure(runs), out + "/table", s.common.figures);
  std::cout << text;
  std::cerr << fmt::format("wrote {}/table.md and {}\n", out, fmt::join(figures, ", "));
}

}  // namespace

void add_table(App& app) {
  const auto s = std::make_shared<TableSettings>();
  Command& c = app.command("table", "writes a table and a figure of scored runs");
  c.example("table --runs runs/none,runs/planar,runs/hollow --out runs/table", "Runs that eval has scored");
  c.section("Table");
  c.add("runs", s->runs, "folders of runs, in the order of the table").placeholder = "DIR,DIR";
  c.add("title", s->title, "heading of the table").placeholder = "TEXT";
  c.add("out", s->common.out, "folder for table.md and its figure").placeholder = "DIR";
  add_figures(c, s->common);
  c.does([s](const Command&) { table(*s); });
}

}  // namespace dimwise::app::vae
