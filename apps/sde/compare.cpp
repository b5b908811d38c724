#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cli/lists.hpp"
#include "apps/common/plot/write.hpp"
#include "apps/common/run/saved_settings.hpp"
#include "apps/common/run/signals.hpp"
#include "apps/sde/commands.hpp"
#include "apps/sde/fit.hpp"
#include "nn/io/bytes.hpp"

namespace dimwise::app::sde {

namespace {

using Json = nlohmann::ordered_json;

struct CompareSettings {
  FitSettings fit;
  std::string methods = "fokker-planck,euler";
  std::vector<double> keeps = {1, 0.5, 0.2, 0.1, 0.05, 0.02};
  int64_t seeds = 3;
};

// One of the fits: its settings, and its result, which is saved as result.json.
struct Cell {
  std::string method;
  double keep;
  int64_t seed;
  Json result;
};

std::string number(double v) { return fmt::format("{:.3g}", v); }

class Comparison {
 public:
  explicit Comparison(const CompareSettings& s) : s_(s) {
    const FitSettings plain;
    if (s.fit.method != plain.method) fail<UsageError>("--method", "is varied by compare. Use --methods.");
    if (s.fit.data.keep != plain.data.keep) fail<UsageError>("--keep", "is varied by compare. Use --keeps.");
    if (s.fit.data.seed != plain.data.seed) fail<UsageError>("--seed", "is varied by compare. Use --seeds.");
    for (const std::string& method : words_of(s.methods)) {
      if (method != "fokker-planck" && method != "euler")
        fail<UsageError>("--methods", "has \"", method, "\". Use fokker-planck and euler.");
      if (std::count(methods_.begin(), methods_.end(), method))
        fail<UsageError>("--methods", "has ", method, " twice.");
      methods_.push_back(method);
    }
    if (methods_.empty()) fail<UsageError>("--methods", "is empty. Use fokker-planck and euler.");
    std::set<std::string> shares;
    for (const double keep : s.keeps)
      if (!shares.insert(number(100 * keep)).second)
        fail<UsageError>("--keeps", "has ", number(100 * keep), " % twice.");
    if (shares.empty()) fail<UsageError>("--keeps", "is empty. Give shares, as 1,0.5.");
    // From now on, invalid data are a consequence of thinning.
    if (!load_dataset(data_settings(s.fit)).truth)
      fail<UsageError>("compare", s.fit.data.data,
                       " is not known exactly, so there are no errors to compare. Use a built-in system, or --truth.");
  }

  void run() {
    const auto total = methods_.size() * s_.keeps.size() * static_cast<size_t>(s_.seeds);
    for (int64_t seed = 0; seed < s_.seeds; ++seed)
      for (const double keep : s_.keeps)
        for (const std::string& method : methods_) {
          if (!s_.fit.common.quiet)
            std::cerr << "fit " << cells_.size() + 1 << " of " << total << ": " << method << ", " << 100 * keep
                      << " % kept, seed " << seed << '\n';
          try {
            cells_.push_back({method, keep, seed, cell(method, keep, seed)});
          } catch (const Interrupted& stopped) {
            throw Interrupted(stopped.signal(), fmt::format("{} of {} fits are done; repeat the command to continue",
                                                            cells_.size(), total));
          }
        }
    report();
  }

 private:
  // Fits, or reads the result of an earlier fit.
  Json cell(const std::string& method, double keep, int64_t seed) const {
    FitSettings own = s_.fit;
    own.method = method;
    own.data.keep = keep;
    own.data.seed = seed;
    own.common.out += fmt::format("/{}-{}-{}", method, number(100 * keep), seed);
    own.common.resume = "auto";
    const Json asked = saved_settings(saved_command(own));
    const std::string file = own.common.out + "/result.json";
    std::ifstream in(file);
    double before = 0;  // processor seconds of an interrupted fit
    if (Json saved = Json::parse(in, nullptr, false); saved.is_object() && saved.contains("fit")) {
      const std::string other = setting_differences(saved["fit"], asked);
      if (!other.empty() || saved["steps"] != own.common.steps)
        fail<CheckpointError>("compare", file, " is of other fits: ", other.empty() ? "--steps differs" : other,
                              ". Give the flags of those fits, or another --out.");
      if (saved.contains("drift_error") || saved.contains("failed")) return saved;
      before = saved["seconds"];
    }
    Json result{{"fit", asked}, {"steps", own.common.steps}};
    std::clock_t begin = std::clock();
    const auto save = [&] {
      result["seconds"] = before + static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
      std::filesystem::create_directories(own.common.out);
      write_atomically(file, as_bytes(result.dump() + "\n"));
    };
    try {
      const Dataset data = load_dataset(data_settings(own));
      result["observations"] = data.train.size();
      result["transitions"] = pairs(data.train).size();
      begin = std::clock();
      const Errors errors = run_fit(own, train_command(own)).errors.value();
      result["drift_error"] = errors.mean_drift;
      result["diffusion_error"] = errors.mean_diffusion;
    } catch (const DataError& impossible) {
      result["failed"] = impossible.what();
    } catch (const Diverged& diverged) {
      result["failed"] = diverged.what();
    } catch (const Interrupted&) {
      save();
      throw;
    }
    save();
    return result;
  }

  // Of all finished seeds.
  std::vector<double> values(const std::string& method, double keep, const std::string& what) const {
    std::vector<double> all;
    for (const Cell& c : cells_)
      if (c.method == method && c.keep == keep && c.result.contains(what)) all.push_back(c.result[what]);
    return all;
  }

  static double mean(const std::vector<double>& all) {
    double sum = 0;
    for (const double v : all) sum += v;
    return sum / static_cast<double>(all.size());
  }

  static std::string average(const std::vector<double>& all) { return all.empty() ? "-" : number(mean(all)); }

  std::string entry(const std::vector<double>& all) const {
    if (all.empty()) return "-";
    const auto [low, high] = std::minmax_element(all.begin(), all.end());
    const bool some = static_cast<int64_t>(all.size()) < s_.seeds;
    return fmt::format("{} ({}..{}){}", number(mean(all)), number(*low), number(*high),
                       some ? fmt::format(" of {}", all.size()) : "");
  }

  std::string table() const {
    std::string head = "| kept | observations | transitions |", rule = "|---|---|---|", body;
    for (const std::string& method : methods_) {
      head += " " + method + ": f | g | processor seconds |";
      rule += "---|---|---|";
    }
    for (const double keep : s_.keeps) {
      body += "| " + number(100 * keep) + " %";
      for (const char* what : {"observations", "transitions"}) {
        const std::vector<double> counts = values(methods_[0], keep, what);
        body += " | " + (counts.empty() ? "-" : std::to_string(std::llround(mean(counts))));
      }
      body += " |";
      for (const std::string& method : methods_)
        body += " " + entry(values(method, keep, "drift_error")) + " | " +
                entry(values(method, keep, "diffusion_error")) + " | " + average(values(method, keep, "seconds")) +
                " |";
      body += "\n";
    }
    return head + "\n" + rule + "\n" + body;
  }

  Figure figure() const {
    Figure figure{.panels = {}, .columns = 2};
    for (const auto& [what, title] :
         {std::pair{"drift_error", "mean absolute error of f"}, {"diffusion_error", "mean absolute error of g"}}) {
      Panel panel{.title = title, .x_label = "share of observations kept, %", .log_x = true, .log_y = true};
      for (const std::string& method : methods_) {
        Line line{.label = method, .dots = true};
        Scatter each{.radius = 3, .alpha = 0.5};
        for (const double keep : s_.keeps) {
          const std::vector<double> all = values(method, keep, what);
          if (all.empty()) continue;
          line.x.push_back(100 * keep);
          line.y.push_back(mean(all));
          each.x.insert(each.x.end(), all.size(), 100 * keep);
          each.y.insert(each.y.end(), all.begin(), all.end());
        }
        panel.lines.push_back(std::move(line));
        panel.scatters.push_back(std::move(each));
      }
      figure.panels.push_back(std::move(panel));
    }
    return figure;
  }

  void report() const {
    const std::string& out = s_.fit.common.out;
    write_atomically(out + "/errors.md", as_bytes(table()));
    const std::vector<std::string> figures = write_figure(figure(), out + "/errors", s_.fit.common.figures);
    if (s_.fit.common.json) {
      Json all = Json::array();
      for (const Cell& c : cells_) {
        Json j{{"method", c.method}, {"keep", c.keep}, {"seed", c.seed}};
        for (const auto& [key, value] : c.result.items())
          if (key != "fit") j[key] = value;
        all.push_back(std::move(j));
      }
      std::cout << Json{{"cells", all}, {"figures", figures}}.dump() << '\n';
      return;
    }
    std::cout << "Mean over " << s_.seeds << (s_.seeds == 1 ? " seed" : " seeds") << " (minimum..maximum):\n\n"
              << table() << '\n';
    for (const std::string& path : figures) std::cout << path << '\n';
  }

  const StopSignals stop_;  // between fits as well
  CompareSettings s_;
  std::vector<std::string> methods_;
  std::vector<Cell> cells_;
};

}  // namespace

void add_compare(App& app) {
  const auto s = std::make_shared<CompareSettings>();
  s->fit.common.out = "runs/sde-compare";
  s->fit.common.figures.formats = {Format::svg, Format::png};
  s->fit.data.data = "pendulum";
  Command& c = app.command("compare", "compares errors of f and g of both methods over the share of observations kept");
  c.example("compare --data pendulum --paths 2000 --out runs/sparse", "The figure of errors against sparsity");
  c.section("Comparison");
  c.add("methods", s->methods, "fokker-planck, euler").placeholder = "LIST";
  c.add("keeps", s->keeps, "shares of the training observations that are kept",
        Range{.min = 0, .max = 1, .above_min = true});
  c.add("seeds", s->seeds, "fits of each, with seeds 0, 1 ...", at_least_one);
  add_settings(c, s->fit);
  add_figures(c, s->fit.common);
  c.does([s](const Command&) { Comparison(*s).run(); });
}

}  // namespace dimwise::app::sde
