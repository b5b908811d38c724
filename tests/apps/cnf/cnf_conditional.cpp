// Densities of columns given others.
#include <cmath>
#include <filesystem>
#include <numbers>

#include "autodiff/base/rng.hpp"
#include "nn/io/csv.hpp"
#include "nn/io/npy.hpp"
#include "nn/io/npz.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/apps/cnf/cnf_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::cnf_conditional_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

// y given c is normal with this mean and standard deviation.
double center(double c) { return 2 * c; }
double width(double c) { return 0.5 + 0.1 * c; }

struct Rows {
  std::vector<double> c, y;
};
Rows drawn(uint64_t seed, int64_t n) {
  Rows rows;
  const std::vector<double> u = Rng(seed).split("c").uniforms(n), e = Rng(seed).split("y").normals(n);
  for (size_t i = 0; i < u.size(); ++i) {
    rows.c.push_back(4 * u[i] - 2);
    rows.y.push_back(center(rows.c[i]) + width(rows.c[i]) * e[i]);
  }
  return rows;
}
void save(const std::string& path, const Rows& rows) {
  save_csv(path, {"y", "c"}, stack({tensor(rows.y, DType::float64), tensor(rows.c, DType::float64)}, 1));
}
double true_log_likelihood(const Rows& rows) {
  double total = 0;
  for (size_t i = 0; i < rows.c.size(); ++i) {
    const double s = width(rows.c[i]), u = (rows.y[i] - center(rows.c[i])) / s;
    total += -0.5 * u * u - std::log(s) - 0.5 * std::log(2 * std::numbers::pi);
  }
  return total / static_cast<double>(rows.c.size());
}

Ended succeeds(const Strings& words) {
  Ended ended = run_cnf(words);
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  return ended;
}

nlohmann::json json_of(const Strings& words) { return nlohmann::json::parse(succeeds(words + Strings{"--json"}).out); }

std::vector<double> column(const Tensor& x, int64_t i) { return select(x, 1, i).values(); }

// A short run on a few rows of y and c.
std::string small_run(const TemporaryFolder& folder) {
  save(folder / "few.csv", drawn(3, 80));
  succeeds(training(folder / "few.csv", folder / "run", 5) + Strings{"--given", "c"});
  return folder / "run";
}

}  // namespace

TEST_CASE("a conditional density is learned: its mean, width and likelihood at every value of the given column") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  save(folder / "train.csv", drawn(1, 6000));
  const Rows test = drawn(2, 3000);
  save(folder / "test.csv", test);
  const Ended ended =
      succeeds({"train", "--data", folder / "train.csv", "--given", "c", "--out", out, "--steps", "900", "--hidden",
                "8", "--d-h", "4", "--transformer-hidden", "8", "--method", "rk4", "--solver-steps", "3"});
  CHECK_THAT(ended.err, Contains("components: y; given: c") && Contains("1 column given 1"));
  const auto scored = json_of({"eval", "--out", out, "--data", folder / "test.csv"});
  CHECK(scored["rows"] == 3000);
  CHECK(std::abs(scored["log_likelihood"].get<double>() - true_log_likelihood(test)) < 0.03);
  for (const double c : {-1.0, 1.2}) {
    const Strings given{"--given", "c=" + std::to_string(c)};
    succeeds(Strings{"sample", "--out", out, "--n", "4000", "--file", folder / "x.npy"} + given);
    const Tensor x = load_npy(folder / "x.npy");
    CHECK(x.shape() == Shape{4000, 2});
    CHECK(column(x, 0) == std::vector<double>(4000, c));
    const Tensor y = select(x, 1, 1);
    const double m = mean(y).item(), sd = std::sqrt(mean(square(y - m)).item());
    CHECK(m == Approx(center(c)).margin(0.08));
    CHECK(sd == Approx(width(c)).margin(0.06));
    succeeds(Strings{"grid", "--out", out, "--x-limits=-8,8", "--grid", "400", "--file", folder / "g.npz"} + given);
    const auto grid = load_npz(folder / "g.npz");
    const Tensor p = exp(grid.at("log_density")) * (16.0 / 400);
    CHECK(sum(p).item() == Approx(1).margin(1e-3));
    CHECK(sum(p * grid.at("x")).item() == Approx(center(c)).margin(0.08));
  }
  // More rows than a chunk: each sample belongs to its row.
  succeeds({"sample", "--out", out, "--given-from", folder / "train.csv", "--file", folder / "rows.npy"});
  const Tensor rows = load_npy(folder / "rows.npy");
  CHECK(rows.shape() == Shape{6000, 2});
  CHECK(column(rows, 0) == drawn(1, 6000).c);
  const Tensor last = slice(rows, 0, 5000, 6000);
  CHECK(mean(abs(select(last, 1, 1) - 2 * select(last, 1, 0))).item() ==
        Approx(0.5 * std::sqrt(2 / std::numbers::pi)).margin(0.05));
  // The baseline is conditional, too: the linear regression of y, of one width.
  const auto own = json_of({"eval", "--out", out});
  const double gaussian = own["gaussian_log_likelihood"];
  CHECK(gaussian == Approx(-0.5 * std::log(2 * std::numbers::pi * std::numbers::e * 0.2633)).margin(0.1));
  CHECK(own["log_likelihood"].get<double>() > gaussian);
}

TEST_CASE("the place of the given columns in a file does not matter") {
  const TemporaryFolder folder;
  std::vector<std::string> outs;
  for (const Strings& order : {Strings{"a", "y", "b", "z"}, Strings{"y", "b", "z", "a"}, Strings{"b", "a", "y", "z"}}) {
    std::string text = order[0] + "," + order[1] + "," + order[2] + "," + order[3] + "\n";
    for (int i = 0; i < 70; ++i) {
      const std::map<std::string, int> value{{"a", i % 7}, {"b", i % 5}, {"y", i % 11}, {"z", i * i % 13}};
      for (const std::string& name : order)
        text += std::to_string(value.at(name)) + (&name == &order.back() ? "\n" : ",");
    }
    const std::string name = folder / ("t" + std::to_string(outs.size()));
    write_text(name + ".csv", text);
    succeeds(training(name + ".csv", name, 12) + Strings{"--given", "b,a"});
    outs.push_back(name);
  }
  const auto first = json_of({"eval", "--out", outs[0]});
  for (const std::string& out : outs) {
    CHECK(json_of({"eval", "--out", out})["log_likelihood"] == first["log_likelihood"]);
    CHECK(json_of({"eval", "--out", outs[0], "--data", out + ".csv"})["rows"] == 70);
    succeeds({"score", "--out", outs[0], "--data", out + ".csv", "--file", out + "-s.csv"});
    CHECK((read_text(out + "-s.csv") == read_text(outs[0] + "-s.csv")));
  }
  CHECK(load_csv(outs[1] + "-s.csv").columns == Strings{"b", "a", "y", "z", "log_prob", "z1", "z2"});
  // --columns names those that are learned.
  succeeds(training(outs[0] + ".csv", folder / "y", 3) + Strings{"--given", "b", "--columns", "y"});
  succeeds({"score", "--out", folder / "y", "--data", outs[1] + ".csv", "--columns", "y", "--file", folder / "y.csv"});
  CHECK(load_csv(folder / "y.csv").columns == Strings{"b", "y", "log_prob", "z1"});
}

TEST_CASE("samples for the rows of a file") {
  const TemporaryFolder folder;
  const std::string out = small_run(folder), file = folder / "x.csv";
  write_text(folder / "rows.csv", "name;c\nu;-1,5\nv;0\nw;1,25\n");
  CHECK(succeeds({"sample", "--out", out, "--given-from", folder / "rows.csv", "--file", file}).out ==
        "3 samples written to " + file + "\n");
  const Csv one = load_csv(file);
  CHECK(one.columns == Strings{"c", "y"});
  CHECK(column(one.values, 0) == std::vector<double>{-1.5, 0, 1.25});
  succeeds({"sample", "--out", out, "--given-from", folder / "rows.csv", "--n", "2", "--file", file});
  CHECK(column(load_csv(file).values, 0) == std::vector<double>{-1.5, -1.5, 0, 0, 1.25, 1.25});
  // A row of a file and the same value by itself are the same density.
  write_text(folder / "same.csv", "c\n0.5\n0.5\n0.5\n");
  const Strings equal_steps{"--method", "rk4", "--solver-steps", "5", "--file", file};
  succeeds(Strings{"sample", "--out", out, "--given-from", folder / "same.csv"} + equal_steps);
  const std::vector<double> of_rows = load_csv(file).values.values();
  succeeds(Strings{"sample", "--out", out, "--given", "c=0.5", "--n", "3"} + equal_steps);
  CHECK(load_csv(file).values.values() == of_rows);
  save_npy(folder / "rows.npy", tensor({0.5, 0.5, 0.5}, {3, 1}, DType::float64));
  succeeds(Strings{"sample", "--out", out, "--given-from", folder / "rows.npy"} + equal_steps);
  CHECK(load_csv(file).values.values() == of_rows);
}

TEST_CASE("plot draws a conditional density at given values") {
  const TemporaryFolder folder;
  std::string text = "c,u,v\n";
  for (int i = 0; i < 80; ++i)
    text += std::to_string(i % 9) + "," + std::to_string(i % 7) + "," + std::to_string(i * i % 11) + "\n";
  write_text(folder / "t.csv", text);
  const std::string out = folder / "run";
  succeeds(training(folder / "t.csv", out, 4) + Strings{"--given", "c", "--blocks", "2"});
  const Strings plot{"plot", "--out", out, "--grid", "12", "--n", "50", "--paths", "3"};
  CHECK_THAT(succeeds(plot + Strings{"--given", "c=4"}).out, Contains("density.png") && Contains("trajectories.png"));
  const std::string at_four = read_text(out + "/figs/density.png");
  succeeds(plot + Strings{"--given", "c=0"});
  CHECK((read_text(out + "/figs/density.png") != at_four));
  const Ended missing = run_cnf(plot);
  CHECK(missing.code == 2);
  CHECK_THAT(missing.err, Contains("[--given] the density is conditional on c, which has no value. Give c=X."));
}

TEST_CASE("a conditional run goes on as if it had not been interrupted, and only under its own given columns") {
  const TemporaryFolder folder;
  save(folder / "few.csv", drawn(3, 80));
  const auto train = [&](const std::string& name, int64_t steps, const Strings& more) {
    return run_cnf(training(folder / "few.csv", folder / name, steps) + more);
  };
  REQUIRE(train("whole", 9, {"--given", "c", "--checkpoint-every", "3"}).code == 0);
  std::filesystem::create_directory(folder / "half");
  std::filesystem::copy(folder / "whole/ckpt-6.safetensors", folder / "half/ckpt-6.safetensors");
  REQUIRE(train("half", 9, {"--given", "c", "--checkpoint-every", "3", "--resume"}).code == 0);
  CHECK((checkpoint(folder / "half", 9) == checkpoint(folder / "whole", 9)));
  for (const Strings& other : {Strings{}, Strings{"--given", "y"}}) {
    const Ended refused = train("whole", 12, other + Strings{"--resume"});
    CHECK(refused.code == 5);
    CHECK_THAT(refused.err, Contains("--given is"));
  }
}

TEST_CASE("wrong and missing given columns are errors that name the flag") {
  const TemporaryFolder folder;
  const std::string out = small_run(folder), few = folder / "few.csv", file = folder / "x.csv";
  write_text(folder / "y.csv", "y,d\n1,2\n2,3\n3,4\n4,5\n");
  write_text(folder / "text.csv", "y,c\n1,u\n2,v\n3,u\n4,v\n");
  REQUIRE(run_cnf(training(few, folder / "both", 3)).code == 0);
  struct Case {
    int code;
    Strings words;
    std::string text;
  };
  const Strings sample{"sample", "--out", out, "--file", file};
  const Case cases[]{
      {3, training(few, folder / "n", 3) + Strings{"--given", "k"},
       "has no column of numbers k, only y, c. The columns of --given must be in the file."},
      {3, training(folder / "text.csv", folder / "n", 3) + Strings{"--given", "c"},
       "has no column of numbers c, only y (and, left out, c (text))"},
      {3, training(few, folder / "n", 3) + Strings{"--given", "y,c"},
       "has no column beside y, c. Leave one out of --given"},
      {2, training(few, folder / "n", 3) + Strings{"--given", "c,c"}, "[--given] c is named twice"},
      {2, training("moons", folder / "n", 3) + Strings{"--given", "x1"}, "[--given] is for the columns of a file"},
      {2, training(few, folder / "n", 3) + Strings{"--given", "c", "--transform", "log-returns"},
       "[--given] cannot be combined with --transform log-returns"},
      {2, sample, "[--given] the density is conditional on c, which has no value. Give c=X."},
      {2, sample + Strings{"--given", "y=1"}, "[--given] \"y=1\" is no value of c. Give c=X."},
      {2, sample + Strings{"--given", "c"}, "[--given] \"c\" is no value of c. Give c=X."},
      {2, sample + Strings{"--given", "c=1,c=2"}, "[--given] c has two values. Give c=X."},
      {2, sample + Strings{"--given", "c=high"}, "[--given c] must be a number, not \"high\""},
      {2, sample + Strings{"--given", "c=1", "--given-from", few}, "[--given-from] cannot be combined with --given"},
      {2, sample + Strings{"--given", "c=1", "--decimal", "comma"}, "the flags of a table are for --given-from"},
      {3, sample + Strings{"--given-from", folder / "y.csv"},
       "[--given-from] " + folder / "y.csv" + " has the columns y, d, but the density is conditional on c."},
      {2, {"grid", "--out", out, "--file", file}, "[--given] the density is conditional on c"},
      {2,
       {"sample", "--out", folder / "both", "--given", "c=1", "--file", file},
       "[--given] is for runs that were trained with --given"},
      {2,
       {"sample", "--out", folder / "both", "--given-from", few, "--file", file},
       "[--given-from] is for runs that were trained with --given"},
      {3,
       {"eval", "--out", out, "--data", folder / "y.csv"},
       "has no column of numbers c, only y, d. The columns of --given"},
      {2, {"score", "--out", out, "--data", "moons", "--file", file}, "[--data] moons has no column c"},
  };
  for (const Case& c : cases) {
    const Ended ended = run_cnf(c.words);
    INFO(ended.err << ended.out);
    CHECK(ended.code == c.code);
    CHECK_THAT(ended.err, Contains(c.text));
    CHECK_FALSE(std::filesystem::exists(file));
  }
}

}  // namespace dimwise::cnf_conditional_tests
