// dimwise-sde eval, plot and compare: the numbers, the pictures and the table that they make of fits.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <numeric>

#include "apps/sde/model/scores.hpp"
#include "apps/sde/pictures.hpp"
#include "ops/arithmetic.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "tests/apps/sde/sde_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::sde_outputs_tests {

using namespace dimwise::app;
using namespace dimwise::app::sde;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

std::string told(const Strings& words) {
  const Ended ended = run_sde(words);
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  return ended.out;
}
std::string fitted(const std::string& out, const Strings& more = {}) {
  told(fitting(out, 8) + Strings{"--log-every", "2", "--quiet"} + more);
  return out;
}
void refused(const Strings& words, int code, const std::string& text) {
  const Ended ended = run_sde(words);
  CHECK(ended.code == code);
  CHECK(ended.out == "");
  CHECK_THAT(ended.err, Catch::Matchers::StartsWith("dimwise-sde: error: [") && Contains(text));
}
json told_json(const Strings& words) {
  const std::string out = told(words + Strings{"--json"});
  CHECK(std::count(out.begin(), out.end(), '\n') == 1);
  return json::parse(out);
}
std::string shown(const json& v, const char* format = "%.4f") {
  char text[40];
  std::snprintf(text, sizeof text, format, v.get<double>());
  return text;
}
std::string spread(const json& s, const char* f = "%.4f") {
  return shown(s["mean"], f) + " +- " + shown(s["standard_error"]);
}
const std::vector<double> times{0, 1, 3, 0, 2, 0, 4}, train_a{0, 1, 3, 4, 2, -1, 1}, train_b{5, 5, 6, 7, 7, 8, 9},
    test_a{0, 2, 3, 4, 1, -1, 1}, test_b{5, 6, 6, 7, 8, 8, 9};
const std::vector<int64_t> paths{0, 0, 0, 1, 1, 2, 2}, groups{0, 0, 0, 1, 1, 0, 0};

// A fit all of whose weights are 0: f = 0, g = log 2 in its own units, and one normal distribution for p(t, x).
SavedRun blank(const std::vector<std::optional<double>>& known) {
  const auto observed = [](const std::vector<double>& a, const std::vector<double>& b) {
    return Observations{{"a", "b"}, times, paths, groups, astype(stack({tensor(a), tensor(b)}, 1), DType::float64)};
  };
  SavedRun fit;
  fit.data = {"blank", observed(train_a, train_b), observed(test_a, test_b), {}};
  fit.known = known;
  sde::ModelSettings s{.net = {.hidden = {3}, .activation = dimwise::Activation::silu, .dtype = DType::float64},
                       .components = 2,
                       .density_hidden = {3}};
  fit.model = map_parameters(make_model(s, fit.data.train, known, Rng(0)),
                             [](const std::string&, const Tensor& x) { return zeros(x.shape(), x.dtype()); });
  return fit;
}

// The mean log-density of a column's moves under x + drift dt + sqrt(variance dt) z.
double walked(const std::vector<double>& x, double drift, double variance) {
  double sum = 0;
  for (const size_t i : {0, 1, 3, 5}) {
    const double dt = times[i + 1] - times[i], off = x[i + 1] - x[i] - drift * dt;
    sum -= 0.5 * (off * off / (variance * dt) + std::log(2 * std::numbers::pi * variance * dt)) / 4;
  }
  return sum;
}
double scale(const SavedRun& fit, size_t i) { return fit.model.units.scale.value.values()[i]; }
Strings comparison(const std::string& out, int64_t steps, const Strings& more) {
  Strings words = fitting(out, steps) + more;
  words[0] = "compare";
  return words;
}
const Strings halves{"--data", "double-well", "--keeps", "1,0.5", "--seeds", "2", "--quiet"};

}  // namespace

TEST_CASE("eval tells the same numbers as text and as JSON: errors by component, likelihoods, limits") {
  const TemporaryFolder folder;
  const std::string out = fitted(folder / "run", {"--data", "rotating-ou", "--diffusion", "learned,0.3"});
  const json j = told_json({"eval", "--out", out});
  const std::string text = told({"eval", "--out", out});
  CHECK(json::parse(read_text(out + "/eval.json")) == j);
  CHECK(j["held_out"] == 120);
  CHECK(j["drift_error"] == Approx((j["drift_errors"][0].get<double>() + j["drift_errors"][1].get<double>()) / 2));
  CHECK(j["diffusion_error"] == j["diffusion_errors"][0]);
  CHECK(j["diffusion_errors"][1] < 1e-6);
  for (const int i : {0, 1})
    CHECK_THAT(text, Contains("\nx" + std::to_string(i + 1) + "              mean absolute error of f " +
                              shown(j["drift_errors"][i]) + ", of g " + shown(j["diffusion_errors"][i]) +
                              (i == 1 ? " (known)\n" : "\n")));
  CHECK_THAT(text, Contains("of f " + shown(j["drift_error"]) + ", of g " + shown(j["diffusion_error"]) + " over "));
  CHECK_THAT(text, Contains("density         " + spread(j["density_log_likelihood"]) + " nats an observation\n") &&
                       Contains("the true density has " + spread(j["truth_minus_density"], "%+.4f") + "\n"));
  const json gain = j["transition_minus_random_walk"];
  CHECK_THAT(text, Contains("one Euler step  " + spread(j["transition_log_likelihood"])) &&
                       Contains("random walk     " + spread(j["random_walk_log_likelihood"])) &&
                       Contains((gain["mean"] > 0 ? "better, " : "worse, ") + spread(gain, "%+.4f")));
  CHECK_THAT(text, Contains("note            " + j["limits"].at(0).get<std::string>()));
  CHECK(told_json({"eval", "--out", out + "/ckpt-8.safetensors"}) == j);
}

TEST_CASE("eval leaves out what a fit does not have, and says so") {
  const TemporaryFolder folder;
  const std::string euler = fitted(folder / "euler", {"--method", "euler"});
  CHECK_THAT(told({"eval", "--out", euler}),
             !Contains("\ndensity") && Contains("\none Euler step") &&
                 Contains("the Euler pseudo-likelihood assumes that f and g are constant"));
  const std::string unpaired = fitted(folder / "unpaired", {"--unpaired", "--observations", "4"});
  CHECK_THAT(told({"eval", "--out", unpaired}),
             Contains("\none Euler step  no path has two observations: not scored\n") && Contains("\ndensity"));
  const std::string file = fitted(folder / "file", {"--data", paths_file(folder), "--diffusion", "0,0"});
  CHECK_THAT(told({"eval", "--out", file}), Contains("one Euler step  no component has noise: not scored\n"));
  for (const std::string& out : {euler, unpaired, file}) {
    const json j = told_json({"eval", "--out", out});
    CHECK(j.contains("density_log_likelihood") == (out != euler));
    CHECK(j.contains("transition_log_likelihood") == (out == euler));
    CHECK(j.contains("drift_errors") == (out != file));
    CHECK_FALSE(j.contains("truth_minus_density"));
  }
}

TEST_CASE("transition scores are those of normal steps of f and g and of a random walk with drift") {
  const double g = std::numbers::ln2 / 2;  // over a time of 4
  for (const double known : {0.0, 0.3}) {
    const SavedRun fit = blank({std::nullopt, known});
    // By hand: sums of dx, 3 and 2, over a time of 9; means of (dx - mu dt)² / dt.
    double own = walked(test_a, 0, std::pow(g * scale(fit, 0), 2)), walk = walked(test_a, 1.0 / 3, 1.25);
    if (known > 0) {
      own += walked(test_b, 0, known * known);
      walk += walked(test_b, 2.0 / 9, (4.0 / 81 + 25.0 / 162 + 8.0 / 81 + 1.0 / 324) / 4);
    }
    const TransitionScores scores = transition_scores(fit).value();
    CHECK(scores.learned.mean == Approx(own).epsilon(1e-12));
    CHECK(scores.gain.mean == Approx(own - walk).epsilon(1e-12));
  }
  CHECK_FALSE(transition_scores(blank({0.0, 0.0})).has_value());
}

TEST_CASE("the density's score is in the data's units, and its excess takes each group by its own truth") {
  SavedRun fit = blank({std::nullopt, std::nullopt});
  const double s = std::get<TimeMixture>(fit.model.density.kind).min_scale + std::numbers::ln2;
  double own = 0, squares = 0, exact = 0;
  const std::vector<double> center = fit.model.units.mean.value.values();
  for (size_t i = 0; i < times.size(); ++i) {
    const double a = (test_a[i] - center[0]) / (s * scale(fit, 0)), b = (test_b[i] - center[1]) / (s * scale(fit, 1));
    const double each = -0.5 * (a * a + b * b) - std::log(2 * std::numbers::pi * s * s * scale(fit, 0) * scale(fit, 1));
    own += each / 7;
    squares += each * each;
    exact += (10.0 * static_cast<double>(groups[i]) + times[i]) / 7;
  }
  CHECK(density_score(fit).mean == Approx(own).epsilon(1e-12));
  CHECK(density_score(fit).standard_error == Approx(std::sqrt((squares - 7 * own * own) / 42)).epsilon(1e-10));
  CHECK_FALSE(density_excess(fit).has_value());
  fit.data.truth = sde_system("rotating-ou");
  fit.data.truth->log_density = [](const Tensor& t, const Tensor&, int64_t group) {
    return select(t, 1, 0) + 10.0 * static_cast<double>(group);
  };
  CHECK(density_excess(fit)->mean == Approx(exact - own).epsilon(1e-12));
  fit.data.truth->groups.pop_back();
  CHECK_FALSE(density_excess(fit).has_value());
}

TEST_CASE("plot writes a picture of each kind, in one, two and three dimensions, of a series and of Euler's fit") {
  const TemporaryFolder folder;
  const std::pair<std::string, Strings> cases[]{
      {"one", {}},
      {"two", {"--data", "rotating-ou"}},
      {"three", {"--data", "coupled", "--d", "3"}},
      {"series",
       {"--data", paths_file(folder), "--columns", "a,b", "--drop", "t,path", "--window", "5", "--initial", "start"}},
      {"clock", {"--time-dependent", "--density", "flow"}},
      {"euler", {"--method", "euler"}}};
  for (const auto& [name, flags] : cases) {
    const std::string out = fitted(folder / name, flags);
    std::string written;
    for (const std::string picture : {"data", "density", "drift", "diffusion", "training"})
      if (name != "euler" || picture != "density") written += out + "/figs/" + picture + ".png\n";
    CHECK(told({"plot", "--out", out}) == written);
    std::istringstream lines(written);
    for (std::string path; std::getline(lines, path);) CHECK(read_text(path).starts_with("\x89PNG"));
  }
}

TEST_CASE("pictures show the truth beside what was learned") {
  const TemporaryFolder folder;
  const SavedRun fit = load_run(fitted(folder / "run", {"--data", "ou"}));
  const Panel drift = drift_picture(fit).figure.panels.at(0), diffusion = diffusion_picture(fit).figure.panels.at(0);
  for (size_t i = 0; i < drift.lines.at(1).x.size(); ++i) {
    const double x = drift.lines[1].x[i];
    CHECK(drift.lines[1].y[i] == Approx(1.5 * (0.7 - x)).margin(1e-12));
    CHECK(diffusion.lines[1].y[i] == 0.8);
  }
  CHECK(data_picture(fit).figure.panels.at(0).lines.size() == 4);
  const Picture density = density_picture(fit, Rng(0)).value();
  for (const Panel& panel : density.figure.panels) {
    const Line& learned = panel.lines.at(1);
    const double area = std::accumulate(learned.y.begin(), learned.y.end(), 0.0) * (learned.x[1] - learned.x[0]);
    CHECK(std::abs(area - 0.75) < 0.251);
  }
  CHECK(training_picture(folder / "none").figure.panels.empty());
}

TEST_CASE("a known density is drawn in the scale of the learned one") {
  const TemporaryFolder folder;
  const SavedRun fit = load_run(fitted(folder / "run", {"--data", "rotating-ou"}));
  const std::vector<Panel> panels = density_picture(fit, Rng(0)).value().figure.panels;
  REQUIRE(panels.size() == 12);
  for (size_t k = 0; k < 4; ++k) {
    const Panel &exact = panels[4 + k], &learned = panels[8 + k];
    const HeatMap& map = exact.heat_map.value();
    CHECK(exact.title.substr(4) == learned.title.substr(7));  // "true, t = …", "learned, t = …"
    CHECK(map.range.value().low == learned.heat_map.value().range.value().low);
    CHECK(map.range.value().high == learned.heat_map.value().range.value().high);
    const double cell = (map.x1 - map.x0) * (map.y1 - map.y0) / static_cast<double>(map.values.size());
    CHECK(std::abs(cell * std::accumulate(map.values.begin(), map.values.end(), 0.0) - 0.95) < 0.06);
  }
  // At t = 0 both groups are normal; this is the mode of the first, if it is not the rarer.
  const auto& groups = fit.data.test.group;
  const double share =
      static_cast<double>(std::count(groups.begin(), groups.end(), 0)) / static_cast<double>(groups.size());
  REQUIRE(share >= 0.5);
  const HeatMap& start = panels[4].heat_map.value();
  CHECK(*std::max_element(start.values.begin(), start.values.end()) ==
        Approx(share / (2 * std::numbers::pi * std::sqrt(0.1 * 0.2))).epsilon(0.02));
}

TEST_CASE("compare writes its table and figures, and takes from its cells what is done") {
  const TemporaryFolder folder;
  const std::string out = folder / "all", text = told(comparison(out, 6, halves)),
                    table = read_text(out + "/errors.md");
  CHECK_THAT(table, Contains("\n| 100 % | 400 | 384 | ") && Contains("\n| 50 % | 200 | "));
  CHECK_THAT(text, Contains(table) && Contains("\n" + out + "/errors.svg\n" + out + "/errors.png\n"));
  CHECK(read_text(out + "/errors.png").starts_with("\x89PNG"));
  CHECK_THAT(read_text(out + "/errors.svg"), Contains("<svg"));
  const auto cells = [&] {
    std::string all;
    for (const char* method : {"fokker-planck", "euler"})
      for (const char* cell : {"-100-0", "-100-1", "-50-0", "-50-1"})
        all += read_text(out + "/" + method + cell + "/result.json");
    return all;
  };
  const std::string before = cells();
  CHECK(std::count(before.begin(), before.end(), '\n') == 8);
  CHECK(told(comparison(out, 6, halves)) == text);
  CHECK(cells() == before);
  const json j = told_json(comparison(out, 6, halves));
  const double low = j["cells"].at(0)["drift_error"], high = j["cells"].at(4)["drift_error"];
  CHECK_THAT(table, Contains("| 400 | 384 | " + shown((low + high) / 2, "%.3g") + " (" +
                             shown(std::min(low, high), "%.3g") + ".." + shown(std::max(low, high), "%.3g") + ") | "));
  const std::tuple<int64_t, Strings, std::string> others[]{
      {6, {"--lambda", "2"}, "--lambda is 1"}, {6, {"--sigma", "0.6"}, "--sigma is 0.5"}, {7, {}, "--steps differs"}};
  for (const auto& [steps, flags, text] : others)
    refused(comparison(out, steps, halves + flags), 5, "fokker-planck-100-0/result.json is of other fits: " + text);
  CHECK(cells() == before);
}

TEST_CASE("compare shows a dash where too little is kept to fit") {
  const TemporaryFolder folder;
  const auto rows = [&](const std::string& keep) {
    told(comparison(folder / keep, 3, {"--data", "double-well", "--keeps", keep, "--seeds", "1", "--quiet"}));
    return read_text(folder / keep + "/errors.md");
  };
  CHECK_THAT(rows("0.01"), Contains("| 1 % | 4 | 0 | 0.") && Contains(" | - | - | "));
  CHECK_THAT(read_text(folder / "0.01/euler-1-0/result.json"), Contains("no path has two observations"));
  CHECK_THAT(rows("0.003"), Contains("| 0.3 % | - | - | - | - | ") && !Contains("nan"));
}

TEST_CASE("a comparison that is stopped tells how far it came, and the same command completes it") {
  const TemporaryFolder folder;
  const std::string out = folder / "all", first = out + "/fokker-planck-100-0/result.json",
                    second = out + "/euler-100-0/result.json";
  const Strings flags{"--data", "double-well", "--keeps", "1", "--seeds", "1"};
  Process process(DIMWISE_SDE, comparison(out, 1000, flags));
  REQUIRE(process.prints("fit 2 of 2: euler, 100 % kept, seed 0"));
  process.send(SIGINT);
  const Ended ended = process.wait();
  CHECK_FALSE(ended.killed);
  CHECK(ended.code == 130);
  CHECK_THAT(ended.err, Contains("interrupted: 1 of 2 fits are done; repeat the command to continue"));
  CHECK_FALSE(std::filesystem::exists(out + "/errors.md"));
  const std::string done = read_text(first);
  json part = json::parse(read_text(second));
  part["seconds"] = 1000 + part["seconds"].get<double>();
  write_text(second, part.dump());
  told(comparison(out, 1000, flags + Strings{"--quiet"}));
  CHECK(read_text(first) == done);
  CHECK(json::parse(read_text(second))["seconds"] > part["seconds"]);
}

TEST_CASE("without a fit eval and plot end with 5, and what cannot be compared with 2 or 3: nothing is written") {
  const TemporaryFolder folder;
  write_text(folder / "x.safetensors", "no");
  for (const std::string command : {"eval", "plot"}) {
    refused({command, "--out", folder / "all"}, 5, "there is no fit in \"" + folder / "all" + "\". Give the folder or");
    refused({command, "--out", folder / "x.safetensors"}, 5, "cannot read " + folder / "x.safetensors");
  }
  const std::string file = paths_file(folder);
  const std::tuple<Strings, int, std::string> cases[]{
      {{"--methods", "fokker-planck,eular"}, 2, "[--methods] has \"eular\". Use fokker-planck and euler."},
      {{"--methods", "euler,euler"}, 2, "[--methods] has euler twice."},
      {{"--methods", ""}, 2, "[--methods] is empty."},
      {{"--keeps", "0.5,1,0.5"}, 2, "[--keeps] has 50 % twice."},
      {{"--keeps", "0"}, 2, "[--keeps] must be"},
      {{"--keep", "0.5"}, 2, "[--keep] is varied by compare. Use --keeps."},
      {{"--method", "euler"}, 2, "[--method] is varied by compare. Use --methods."},
      {{"--seed", "1"}, 2, "[--seed] is varied by compare. Use --seeds."},
      {{"--data", file}, 2, "paths.csv is not known exactly, so there are no errors to compare."},
      {{"--data", file, "--truth", "rotatin-ou"}, 2, "[--truth] there is no system \"rotatin-ou\""},
      {{"--data", folder / "none.csv"}, 3, "there is no system and no file"},
  };
  for (const auto& [words, code, text] : cases) {
    refused(comparison(folder / "all", 3, words), code, text);
    CHECK_FALSE(std::filesystem::exists(folder / "all"));
  }
}

}  // namespace dimwise::sde_outputs_tests
