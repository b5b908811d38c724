// dimwise-sde grid, simulate --model and bootstrap: what was learned, as tables.
#include <cmath>
#include <filesystem>
#include <numeric>

#include "apps/sde/model/learned_process.hpp"
#include "apps/sde/model/replicates.hpp"
#include "apps/sde/pictures.hpp"
#include "nn/io/csv.hpp"
#include "nn/io/npz.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/apps/sde/sde_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::sde_grid_tests {

using namespace dimwise::app;
using namespace dimwise::app::sde;
using Catch::Matchers::Contains;

namespace {

constexpr DType f64 = DType::float64;

std::string fitted(const std::string& out, const Strings& flags, int64_t steps = 20) {
  const Ended ended = run_sde(fitting(out, steps) + flags);
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  return out;
}

std::string told(const Strings& words) {
  const Ended ended = run_sde(words);
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  return ended.out;
}

std::vector<double> column(const Csv& table, const std::string& name) {
  const auto at = std::find(table.columns.begin(), table.columns.end(), name);
  REQUIRE(at != table.columns.end());
  return select(table.values, 1, at - table.columns.begin()).values();
}

double worst(const std::vector<double>& a, const Tensor& b) { return max(abs(tensor(a, b.shape(), f64) - b)).item(); }

}  // namespace

TEST_CASE("a grid has f, g and the density of each group, in the units of the data") {
  const TemporaryFolder folder;
  const std::string out = fitted(folder / "run", {"--data", "ou"}), file = folder / "grid.csv";
  CHECK(told({"grid", "--out", out, "--points", "400", "--times", "0,1.5", "--file", file}) ==
        "800 places written to " + file + "\n");
  const Csv table = load_csv(file);
  CHECK(table.columns == Strings{"t", "x1", "f_x1", "g_x1", "log_p_0", "log_p_1"});
  const SavedRun fit = sde::load_run(out);
  const Sde learned = equation(astype(fit.model, f64));
  const Tensor t = reshape(tensor(column(table, "t"), f64), {800, 1}),
               x = reshape(tensor(column(table, "x1"), f64), {800, 1});
  CHECK(worst(column(table, "f_x1"), learned.drift(t, x, 0)[0]) == 0);
  CHECK(worst(column(table, "g_x1"), learned.diffusion(t, x, 0)[0]) == 0);
  // The observed range holds nearly all of each density.
  for (const char* name : {"log_p_0", "log_p_1"}) {
    double area = 0;
    const std::vector<double> log_p = column(table, name), at = column(table, "x1");
    for (size_t i = 0; i < 400; ++i) area += std::exp(log_p[i]) * (at[1] - at[0]);
    CHECK(area == Approx(1).margin(0.15));
  }
  CHECK(told({"grid", "--out", out, "--points", "3", "--file", folder / "g.npz"}).starts_with("15 places"));
  CHECK(load_npz(folder / "g.npz").at("log_p_1").shape() == Shape{15});
}

TEST_CASE("a grid at given places keeps their order and their times") {
  const TemporaryFolder folder;
  const std::string out = fitted(folder / "run", {"--data", paths_file(folder), "--method", "euler"});
  write_text(folder / "at.csv", "b,t,a,note\n0.5,7,0.25,u\n1.5,3,0.75,v\n");
  told({"grid", "--out", out, "--at", folder / "at.csv", "--file", folder / "g.csv"});
  const Csv table = load_csv(folder / "g.csv");
  CHECK(table.columns == Strings{"t", "a", "b", "f_a", "f_b", "g_a", "g_b"});
  CHECK(column(table, "t") == std::vector<double>{7, 3});
  CHECK(column(table, "a") == std::vector<double>{0.25, 0.75});
  CHECK(column(table, "b") == std::vector<double>{0.5, 1.5});
}

TEST_CASE("tables come from stdin and go to stdout, and what the command says goes to stderr") {
  const TemporaryFolder folder;
  const std::string out = fitted(folder / "run", {"--data", "ou"});
  write_text(folder / "at.csv", "x1\n0.5\n-1\n");
  told({"grid", "--out", out, "--at", folder / "at.csv", "--times", "1", "--file", folder / "g.csv"});
  const Ended piped = run_sde({"grid", "--out", out, "--at", "-", "--times", "1", "--file", "-"},
                              {.standard_input = folder / "at.csv"});
  CHECK(piped.code == 0);
  CHECK(piped.out == read_text(folder / "g.csv"));
  CHECK(piped.err == "2 places written to -\n");
  told({"simulate", "--system", "ou", "--paths", "3", "--quiet", "--out", folder / "s.csv"});
  const Ended simulated = run_sde({"simulate", "--system", "ou", "--paths", "3", "--quiet", "--out", "-"});
  CHECK(simulated.code == 0);
  CHECK(simulated.out == read_text(folder / "s.csv"));
  write_text(folder / "bad.csv", "x1\n0.5\noops\n");
  const Ended bad = run_sde({"grid", "--out", out, "--at", "-"}, {.standard_input = folder / "bad.csv"});
  CHECK(bad.code == 3);
  CHECK_THAT(bad.err, Contains("stdin:3:"));
}

TEST_CASE("a grid of logarithms says so") {
  const TemporaryFolder folder;
  std::string text = "t,path,price\n";
  for (int i = 0; i < 60; ++i)
    text += std::to_string(i % 3) + "," + std::to_string(i / 3) + "," + std::to_string(50 + 7 * (i % 8) + i % 5) + "\n";
  write_text(folder / "prices.csv", text);
  const std::string out = fitted(folder / "run", {"--data", folder / "prices.csv", "--transform", "log"});
  write_text(folder / "at.csv", "price\n70\n");
  told({"grid", "--out", out, "--at", folder / "at.csv", "--times", "1", "--file", folder / "g.csv"});
  const Csv table = load_csv(folder / "g.csv");
  CHECK(table.columns == Strings{"t", "log(price)", "f_log(price)", "g_log(price)", "log_p"});
  CHECK(column(table, "log(price)")[0] == Approx(std::log(70)).epsilon(1e-14));
  CHECK(drift_picture(sde::load_run(out)).figure.panels.at(0).x_label == "log(price)");
  // Simulations are written in the units of the data.
  told({"simulate", "--model", out, "--start", "70", "--paths", "5", "--quiet", "--out", folder / "s.csv"});
  const Csv simulated = load_csv(folder / "s.csv");
  CHECK(simulated.columns == Strings{"t", "path", "group", "price"});
  CHECK(column(simulated, "price")[0] == Approx(70).epsilon(1e-14));
  for (const double v : column(simulated, "price")) CHECK((v > 5 && v < 1000));
  const Ended ended = run_sde({"simulate", "--model", out, "--start", "-1", "--out", folder / "s.csv"});
  CHECK(ended.code == 2);
  CHECK_THAT(ended.err, Contains("[--start] must be positive"));
}

TEST_CASE("usage errors of grid name what helps") {
  const TemporaryFolder folder;
  const std::string out = fitted(folder / "run", {"--data", "coupled", "--d", "3"});
  write_text(folder / "at.csv", "x1,x2\n0,0\n");
  struct Case {
    Strings words;
    int code;
    std::string text;
  };
  const Case cases[]{
      {{}, 2, "has 3 components, and a grid has one or two. Give a table of places by --at."},
      {{"--at", folder / "at.csv"}, 3, "has no column x3"},
      {{"--decimal", "comma"}, 2, "the flags of a table are for --at"},
      {{"--file", folder / "g.txt"}, 2, "[--file] must end in .csv, .npy or .npz, or be -"},
  };
  for (const Case& c : cases) {
    const Ended ended = run_sde(Strings{"grid", "--out", out} + c.words);
    INFO(c.text);
    CHECK(ended.code == c.code);
    CHECK_THAT(ended.err, Contains(c.text));
  }
}

TEST_CASE("a learned equation is simulated from the starts of its data over their times") {
  const TemporaryFolder folder;
  const std::string out = fitted(folder / "run", {"--data", "ou"}, 400);
  told({"simulate", "--model", out, "--paths", "400", "--quiet", "--out", folder / "s.csv"});
  const Csv table = load_csv(folder / "s.csv");
  const std::vector<double> t = column(table, "t"), group = column(table, "group"), x = column(table, "x1");
  CHECK(t.front() == 0);
  CHECK(t.back() == Approx(2));
  CHECK(t.size() == 400 * 20);
  const SavedRun fit = sde::load_run(out);
  double mean[2] = {0, 0};
  for (size_t i = 0; i < t.size(); ++i) {
    if (t[i] != 0) continue;
    const double* data = fit.data.train.x.data<double>().data();
    CHECK(std::find(data, data + fit.data.train.size(), x[i]) != data + fit.data.train.size());
    mean[static_cast<size_t>(group[i])] += x[i] / 200;
  }
  CHECK(mean[0] == Approx(-2).margin(0.6));
  CHECK(mean[1] == Approx(2.5).margin(0.6));
  // One start for all, beyond the data.
  told({"simulate", "--model", out, "--start", "1", "--end-time", "4", "--observations", "2", "--paths", "3", "--quiet",
        "--out", folder / "s.csv"});
  CHECK(column(load_csv(folder / "s.csv"), "t") == std::vector<double>{0, 4, 0, 4, 0, 4});
  for (const auto& [words, text] :
       {std::pair<Strings, std::string>{{"--model", out, "--start", "1,2"}, "[--start] has 2 numbers, but there are 1"},
        {{"--model", out, "--system", "ou"}, "needs one of --system NAME and --model RUN"},
        {{"--model", out, "--end-time", "-1"}, "--end-time"}}) {
    const Ended ended = run_sde(Strings{"simulate", "--out", folder / "s.csv"} + words);
    CHECK(ended.code == 2);
    CHECK_THAT(ended.err, Contains(text));
  }
}

TEST_CASE("a bootstrap sample has as many paths of each group, some of them more than once") {
  std::vector<double> t, x;
  std::vector<int64_t> path, group;
  for (int64_t p = 0; p < 200; ++p)
    for (int64_t k = 0; k < 1 + p % 3; ++k) {
      t.push_back(static_cast<double>(k));
      path.push_back(p);
      group.push_back(p % 4 == 0 ? 1 : 0);
      x.push_back(static_cast<double>(p) + 0.1 * static_cast<double>(k));
    }
  const auto n = static_cast<int64_t>(t.size());
  const Observations all{{"x"}, t, path, group, tensor(x, {n, 1}, f64)};
  const Observations sample = resample(all, Rng(3)), again = resample(all, Rng(3)), other = resample(all, Rng(4));
  CHECK(sample.x.values() == again.x.values());
  CHECK(sample.x.values() != other.x.values());
  CHECK(sample.paths() == 200);
  std::map<double, int> drawn;
  int64_t ones = 0;
  const std::vector<double> values = sample.x.values();
  for (size_t i = 0; i < values.size(); ++i) {
    if (sample.t[i] != 0) {
      CHECK(values[i] == Approx(values[i - 1] + 0.1));  // whole paths
      continue;
    }
    ++drawn[values[i]];
    ones += sample.group[i];
    CHECK(sample.group[i] == (std::llround(values[i]) % 4 == 0 ? 1 : 0));
  }
  CHECK(ones == 50);
  CHECK(std::abs(static_cast<double>(drawn.size()) - 200 * (1 - std::exp(-1))) < 25);
}

TEST_CASE("bootstrap fits replicates once, goes on where it was stopped, and refuses those of another fit") {
  const TemporaryFolder folder;
  const std::string out = fitted(folder / "run", {"--data", "ou"}, 60);
  const auto bootstrap = [&](const std::string& n) {
    return nlohmann::json::parse(told({"bootstrap", "--out", out, "--replicates", n, "--quiet", "--json"}));
  };
  const auto first = bootstrap("2");
  const std::string one = checkpoint(out + "/replicates/1", 60), two = checkpoint(out + "/replicates/2", 60);
  CHECK(one != two);
  CHECK(one != checkpoint(out, 60));
  const auto time = std::filesystem::last_write_time(out + "/replicates/1/ckpt-60.safetensors");
  const auto more = bootstrap("3");
  CHECK(std::filesystem::last_write_time(out + "/replicates/1/ckpt-60.safetensors") == time);
  CHECK(more["replicates"] == 3);
  CHECK(nlohmann::json::parse(read_text(out + "/bootstrap.json")) == more);
  // The standard deviation over the replicates, by hand.
  const SavedRun fit = sde::load_run(out);
  const std::vector<Sde> replicates = load_replicates(fit, out);
  const Tensor x = fit.data.test.x, t = reshape(tensor(fit.data.test.t, f64), {x.dim(0), 1});
  std::vector<std::vector<double>> f;
  for (int k = 1; k <= 3; ++k)
    f.push_back(equation(astype(sde::load_run(out + "/replicates/" + std::to_string(k)).model, f64))
                    .drift(t, x, 0)[0]
                    .values());
  double total = 0;
  for (size_t i = 0; i < f[0].size(); ++i) {
    const double m = (f[0][i] + f[1][i] + f[2][i]) / 3;
    double squares = 0;
    for (const auto& each : f) squares += (each[i] - m) * (each[i] - m);
    total += std::sqrt(squares / 2) / static_cast<double>(f[0].size());
  }
  CHECK(more["drift_standard_error"][0].get<double>() == Approx(total).epsilon(1e-12));
  CHECK(total > 0);
  told({"grid", "--out", out, "--points", "4", "--times", "0", "--file", folder / "g.csv"});
  CHECK(load_csv(folder / "g.csv").columns ==
        Strings{"t", "x1", "f_x1", "f_x1_standard_error", "g_x1", "g_x1_standard_error", "log_p_0", "log_p_1"});
  const Ended other = run_sde(fitting(out, 60) + Strings{"--data", "ou", "--lr", "0.005", "--overwrite"});
  REQUIRE(other.code == 0);
  const Ended ended = run_sde({"grid", "--out", out, "--file", folder / "g.csv"});
  CHECK(ended.code == 5);
  CHECK_THAT(ended.err, Contains("is of another fit than") && Contains("--lr is 0.01, not 0.005"));
}

TEST_CASE("a batch is no larger than the data, and the run says so") {
  const TemporaryFolder folder;
  const Ended ended = run_sde({"train", "--data", "ou", "--paths", "20", "--steps", "3", "--batch-size", "1000000",
                               "--hidden", "8", "--out", folder / "run"});
  CHECK(ended.code == 0);
  CHECK_THAT(ended.err, Contains("batch: 320 observations, all of them, instead of 1000000"));
}

}  // namespace dimwise::sde_grid_tests
