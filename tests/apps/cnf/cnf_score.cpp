// Scores of rows, of other files, and on grids.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <numeric>

#include "nn/io/csv.hpp"
#include "nn/io/npy.hpp"
#include "nn/io/npz.hpp"
#include "ops/arithmetic.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/apps/cnf/cnf_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::cnf_score_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

const Strings tight{"--method", "dopri5", "--rtol", "1e-9", "--atol", "1e-9"};

// A run of two columns in float64.
std::string trained(const TemporaryFolder& folder, int64_t steps = 30) {
  const std::string out = folder / "run";
  const Ended ended = run_cnf(training(rows_file(folder), out, steps) + Strings{"--dtype", "float64"});
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  return out;
}

Ended score(const std::string& out, const std::string& data, const std::string& file, const Strings& more = {}) {
  return run_cnf(Strings{"score", "--out", out, "--data", data, "--file", file} + more);
}

Csv scores(const std::string& out, const std::string& data, const std::string& file, const Strings& more = {}) {
  const Ended ended = score(out, data, file, more);
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  return load_csv(file);
}

std::vector<double> column(const Tensor& x, int64_t i) { return select(x, 1, i).values(); }

double mean_of_column(const Csv& table, int64_t i) {
  const std::vector<double> values = column(table.values, i);
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

nlohmann::json json_of(const Strings& words) {
  const Ended ended = run_cnf(words + Strings{"--json"});
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  return nlohmann::json::parse(ended.out);
}

}  // namespace

TEST_CASE("score: log p follows from z by the change of variables") {
  const TemporaryFolder folder;
  const std::string out = trained(folder);
  // Points and their neighbors, for the Jacobian of z by central differences.
  constexpr double h = 1e-3;
  std::string text = "a,b\n";
  const double points[][2]{{1, 2}, {3.5, 0.5}, {6, 3}, {0.2, 1.1}};
  for (const auto& p : points)
    for (const auto& [dx, dy] : {std::pair(0.0, 0.0), {h, 0.0}, {-h, 0.0}, {0.0, h}, {0.0, -h}})
      text += std::to_string(p[0] + dx) + "," + std::to_string(p[1] + dy) + "\n";
  write_text(folder / "points.csv", text);
  const Csv table = scores(out, folder / "points.csv", folder / "scores.csv", tight);
  REQUIRE(table.columns == Strings{"a", "b", "log_prob", "z1", "z2"});
  REQUIRE(table.values.dim(0) == 20);
  const std::vector<double> log_prob = column(table.values, 2), z1 = column(table.values, 3),
                            z2 = column(table.values, 4);
  for (size_t i = 0; i < 20; i += 5) {
    const auto slope = [&](const std::vector<double>& z, size_t at) { return (z[i + at] - z[i + at + 1]) / (2 * h); };
    const double determinant = slope(z1, 1) * slope(z2, 3) - slope(z1, 3) * slope(z2, 1);
    const double base = -0.5 * (z1[i] * z1[i] + z2[i] * z2[i]) - std::log(2 * std::numbers::pi);
    CHECK(log_prob[i] == Approx(base + std::log(determinant)).margin(1e-4));
  }
}

TEST_CASE("score writes the rows in the order of the file, in every format, on any number of threads") {
  const TemporaryFolder folder;
  const std::string out = trained(folder), data = rows_file(folder);
  const Ended ended = score(out, data, folder / "a.csv");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  CHECK_THAT(ended.err, Contains("data: components: a, b"));
  const Csv table = load_csv(folder / "a.csv"), rows = load_csv(data);
  CHECK(column(table.values, 0) == column(rows.values, 0));
  CHECK(column(table.values, 1) == column(rows.values, 1));
  const auto printed = json_of({"score", "--out", out, "--data", data, "--file", folder / "a.npz", "--quiet"});
  CHECK(printed["rows"] == 60);
  CHECK(printed["log_likelihood"].get<double>() == Approx(mean_of_column(table, 2)).epsilon(1e-12));
  REQUIRE(score(out, data, folder / "a.npy").code == 0);
  CHECK(load_npy(folder / "a.npy").values() == table.values.values());
  const auto arrays = load_npz(folder / "a.npz");
  CHECK(arrays.at("x").values() == rows.values.values());
  CHECK(arrays.at("log_prob").values() == column(table.values, 2));
  CHECK(arrays.at("z").shape() == Shape{60, 2});
  // More than a chunk.
  std::string many = "a,b\n";
  for (int i = 0; i < 1700; ++i) many += std::to_string(i % 13 * 0.5) + "," + std::to_string(i % 17 * 0.2) + "\n";
  write_text(folder / "many.csv", many);
  REQUIRE(score(out, folder / "many.csv", folder / "one.csv").code == 0);
  for (const std::string threads : {"2", "3"}) {
    REQUIRE(score(out, folder / "many.csv", folder / "more.csv", {"--threads", threads}).code == 0);
    CHECK((read_text(folder / "more.csv") == read_text(folder / "one.csv")));
  }
  CHECK(load_csv(folder / "one.csv").values.dim(0) == 1700);
}

TEST_CASE("rows to score come from stdin, scores go to stdout, and a training refuses stdin") {
  const TemporaryFolder folder;
  const std::string out = trained(folder), rows = rows_file(folder), file = folder / "scores.csv";
  scores(out, rows, file);
  const Surroundings around{.standard_input = rows};
  const Ended piped = run_cnf({"score", "--out", out, "--data", "-", "--file", "-"}, around);
  CHECK(piped.code == 0);
  CHECK(piped.out == read_text(file));
  CHECK_THAT(piped.err, Contains("60 scores written to -"));
  const auto eval = nlohmann::json::parse(run_cnf({"eval", "--out", out, "--data", "-", "--json"}, around).out);
  CHECK(eval["log_likelihood"] == json_of({"eval", "--out", out, "--data", rows})["log_likelihood"]);
  const Ended refused = run_cnf(training("-", folder / "other", 3), around);
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Contains("a run reads its data more than once"));
  const Ended drawn = run_cnf({"sample", "--out", out, "--n", "3", "--file", "-"});
  CHECK(std::count(drawn.out.begin(), drawn.out.end(), '\n') == 4);
}

TEST_CASE("score reads tables as train does, and refuses other columns and rows without a score") {
  const TemporaryFolder folder;
  const std::string out = trained(folder), file = folder / "s.csv";
  // The columns of the model in another order, among others, by their names.
  write_text(folder / "other.csv", "b;c;n;a\n1,5;x;7;2\n0,5;y;8;3,25\n");
  const Csv asked = scores(out, folder / "other.csv", file, {"--columns", "a,b"});
  const Csv table = scores(out, folder / "other.csv", file);
  CHECK(column(table.values, 0) == std::vector<double>{2, 3.25});
  CHECK(column(table.values, 1) == std::vector<double>{1.5, 0.5});
  CHECK(table.values.values() == asked.values.values());
  std::filesystem::remove(file);
  write_text(folder / "foreign.csv", "b;d\n1,5;2\n0,5;3,25\n");
  const Ended refused = score(out, folder / "foreign.csv", file);
  CHECK(refused.code == 3);
  CHECK_THAT(refused.err,
             Contains("has the columns b, d, but the model has a, b. Name them in this order by --columns."));
  CHECK_FALSE(std::filesystem::exists(file));
  write_text(folder / "far.csv", "a,b\n1,1\n2,1\n1e300,1\n");
  const Ended far = score(out, folder / "far.csv", file);
  CHECK(far.code == 3);
  CHECK_THAT(far.err, Contains("row 3 has the log-likelihood -inf: it is too far from the training rows"));
  write_text(folder / "gap.csv", "a,b\n1,1\n2,\n");
  CHECK(score(out, folder / "gap.csv", file).code == 3);
  CHECK(scores(out, folder / "gap.csv", file, {"--missing", "drop-rows"}).values.dim(0) == 1);
  CHECK(score(out, folder / "gap.csv", folder / "s.txt").code == 2);
  CHECK(run_cnf({"score", "--out", out, "--missing", "drop-rows", "--file", file}).code == 2);
  // A column with the name of a result.
  std::string text = "a,z1\n";
  for (int i = 0; i < 60; ++i) text += std::to_string(i % 7) + "," + std::to_string(i % 5) + "\n";
  write_text(folder / "z.csv", text);
  REQUIRE(run_cnf(training(folder / "z.csv", folder / "z", 3)).code == 0);
  const Ended twice = score(folder / "z", folder / "z.csv", file);
  CHECK(twice.code == 2);
  CHECK_THAT(twice.err, Contains("two columns would have the name z1. Write a .npz"));
  CHECK(score(folder / "z", folder / "z.csv", folder / "z.npz").code == 0);
}

TEST_CASE("a value beyond float32 is an error that names its row") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(run_cnf(training(rows_file(folder), out, 4)).code == 0);
  std::string text = "a,b\n";
  for (int i = 0; i < 600; ++i) text += i == 555 ? "1,1e60\n" : "1,1\n";
  write_text(folder / "far.csv", text);
  const Ended far = score(out, folder / "far.csv", folder / "s.csv");
  CHECK(far.code == 3);
  CHECK_THAT(far.err, Contains("row 556 is too far from the training rows for float32"));
}

TEST_CASE("eval scores all rows of another file, the test part of the training's and of a density") {
  const TemporaryFolder folder;
  const std::string out = trained(folder), data = rows_file(folder);
  std::string text = "a,b\n";
  for (int i = 0; i < 3; ++i) text += std::to_string(i) + ",1\n";
  write_text(folder / "three.csv", text);
  const auto three = json_of({"eval", "--out", out, "--data", folder / "three.csv"});
  CHECK(three["rows"] == 3);
  const Csv table = scores(out, folder / "three.csv", folder / "s.csv");
  CHECK(three["log_likelihood"].get<double>() == Approx(mean_of_column(table, 2)).epsilon(1e-12));
  CHECK(nlohmann::json::parse(read_text(out + "/eval.json")) == three);
  CHECK_FALSE(three.contains("gaussian_log_likelihood"));
  const Ended said = run_cnf({"eval", "--out", out, "--data", folder / "three.csv"});
  CHECK_THAT(said.out, Contains("three.csv, 3 rows\n"));
  CHECK(json_of({"eval", "--out", out, "--data", data})["rows"] == 60);
  const auto own = json_of({"eval", "--out", out});
  CHECK(own["rows"] == 6);
  CHECK(nlohmann::json::parse(read_text(out + "/eval.json")) == own);
  CHECK(json_of({"eval", "--out", out, "--data", "moons"})["rows"] == 20000);
  // Beside a checkpoint, too.
  std::filesystem::remove(out + "/eval.json");
  REQUIRE(run_cnf({"eval", "--out", out + "/ckpt-30.safetensors"}).code == 0);
  CHECK(nlohmann::json::parse(read_text(out + "/eval.json"))["log_likelihood"] == own["log_likelihood"]);
}

TEST_CASE("grid: the density sums to 1 over the plane, and is that of score") {
  const TemporaryFolder folder;
  const std::string out = trained(folder, 60);
  const Strings grid{"grid", "--out", out, "--grid", "80", "--x-limits=-30,37", "--y-limits=-15,20"};
  const Ended ended = run_cnf(grid + Strings{"--file", folder / "g.csv"});
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  CHECK(ended.out == "6400 points written to " + folder / "g.csv" + "\n");
  const Csv table = load_csv(folder / "g.csv");
  REQUIRE(table.columns == Strings{"x", "y", "density", "log_density"});
  CHECK(mean_of_column(table, 2) * 67 * 35 == Approx(1).margin(0.02));
  CHECK(table.values.values()[0] == Approx(-30 + 0.5 * 67 / 80));
  CHECK(table.values.values()[5] == Approx(-15 + 0.5 * 35 / 80));  // x varies fastest
  REQUIRE(run_cnf(grid + Strings{"--threads", "2", "--file", folder / "g.npz"}).code == 0);
  const auto arrays = load_npz(folder / "g.npz");
  CHECK(arrays.at("log_density").shape() == Shape{80, 80});
  CHECK(arrays.at("log_density").values() == column(table.values, 3));
  CHECK(arrays.at("x").shape() == Shape{80});
  write_text(folder / "points.csv", "a,b\n" + std::to_string(arrays.at("x").values()[40]) + "," +
                                        std::to_string(arrays.at("y").values()[45]) + "\n");
  const double scored = scores(out, folder / "points.csv", folder / "s.csv").values.values()[2];
  CHECK(scored == Approx(arrays.at("log_density").values()[45 * 80 + 40]).margin(1e-3));
  // The limits of the data.
  REQUIRE(run_cnf({"grid", "--out", out, "--grid", "5", "--file", folder / "d.csv"}).code == 0);
  const Csv own = load_csv(folder / "d.csv"), rows = load_csv(rows_file(folder));
  CHECK(max(select(own.values, 1, 0)).item() > max(select(rows.values, 1, 0)).item() - 1);
  for (const Strings& wrong : {Strings{"--x-limits", "2,1"}, Strings{"--x-limits", "1"}, Strings{"--file", "g.txt"}})
    CHECK(run_cnf(Strings{"grid", "--out", out} + wrong).code == 2);
}

TEST_CASE("grid: one column, and an error for three") {
  const TemporaryFolder folder;
  std::vector<double> values;
  for (int i = 0; i < 180; ++i) values.push_back(std::sin(0.7 * i) + 0.01 * i);
  save_npy(folder / "three.npy", tensor(values, {60, 3}, DType::float64));
  save_npy(folder / "one.npy", tensor(values, {180, 1}, DType::float64));
  for (const std::string name : {"one", "three"})
    REQUIRE(run_cnf(training(folder / (name + ".npy"), folder / name, 6)).code == 0);
  const Strings one{"grid", "--out", folder / "one", "--grid", "400", "--x-limits=-8,10"};
  REQUIRE(run_cnf(one + Strings{"--file", folder / "g.csv"}).code == 0);
  const Csv table = load_csv(folder / "g.csv");
  CHECK(table.columns == Strings{"x", "density", "log_density"});
  CHECK(mean_of_column(table, 1) * 18 == Approx(1).margin(0.01));
  REQUIRE(run_cnf(one + Strings{"--file", folder / "g.npz"}).code == 0);
  CHECK(load_npz(folder / "g.npz").at("log_density").values() == column(table.values, 2));
  CHECK(run_cnf(one + Strings{"--y-limits", "0,1"}).code == 2);
  const Ended three = run_cnf({"grid", "--out", folder / "three"});
  CHECK(three.code == 2);
  CHECK_THAT(three.err, Contains("the density has 3 learned columns (x1, x2, x3), but a grid needs 1 or 2"));
}

}  // namespace dimwise::cnf_score_tests
