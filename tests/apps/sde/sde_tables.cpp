// Tables as users have them: which column dimwise-sde takes for what.
#include <cmath>

#include "apps/common/data/observations.hpp"
#include "apps/sde/model/model.hpp"
#include "nn/io/bytes.hpp"
#include "nn/io/npz.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/apps/sde/sde_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::sde_tables_tests {

using namespace dimwise::app;
using namespace dimwise::app::sde;
using Catch::Matchers::Contains;

namespace {

using Numbers = std::vector<double>;
using Places = std::vector<int64_t>;
using Names = std::vector<std::string>;

constexpr DType f64 = DType::float64;

Observations read_rows(const std::string& csv, const ReadOptions& options = {}) {
  const TemporaryFolder folder;
  write_text(folder / "x.csv", csv);
  return read_observations(folder / "x.csv", options);
}

void refused_rows(const std::string& csv, const std::string& why, const ReadOptions& options = {}) {
  INFO(csv);
  CHECK_THROWS_AS(read_rows(csv, options), DataError);
  CHECK_THROWS_WITH(read_rows(csv, options), Contains(why));
}

}  // namespace

TEST_CASE("time and path are recognized by their usual names, and are no components") {
  for (const std::string time : {"t", "time", "Time", "DATE", "datetime", "timestamp"})
    for (const std::string path : {"path", "id", "ID"}) {
      const Observations all = read_rows(time + "," + path + ",x\n0,4,1\n1,4,2\n0,7,3\n1,7,5\n");
      CHECK(all.columns == Names{"x"});
      CHECK(all.t == Numbers{0, 1, 0, 1});
      CHECK(all.path == Places{0, 0, 1, 1});
      CHECK(all.remarks[0] == "components: x; time: " + time + "; path: " + path);
    }
  CHECK(read_rows("t,T\n0,1\n1,2\n").columns == Names{"T"});
  refused_rows("t,time,x\n0,0,1\n1,1,2\n", "columns t, time can be the time. Name it by --time.");
  refused_rows("t,path,id,x\n0,0,1,1\n1,1,1,2\n", "columns path, id can be the path. Name it by --path.");
}

TEST_CASE("roles can be named, and the usual names that are left are no components") {
  const std::string csv = "time,when,unit,kind,x\n5,0,7,1,1\n5,1,7,1,2\n5,0,8,2,3\n5,1,8,2,4\n";
  const Observations all = read_rows(csv, {.roles = {.time = "when", .path = "unit", .group = "kind"}});
  CHECK(all.columns == Names{"x"});
  CHECK(all.t == Numbers{0, 1, 0, 1});
  CHECK(all.path == Places{0, 0, 1, 1});
  CHECK(all.group == Places{0, 0, 1, 1});
  CHECK(all.remarks[0] ==
        "components: x; time: when; path: unit; group: kind; left out: time (another one has its role)");
  refused_rows(csv, "has no column clock, only time, when, unit, kind, x. Correct --time.",
               {.roles = {.time = "clock"}});
  ReadOptions asked;
  asked.table.columns = {"id", "x"};
  CHECK(read_rows("t,id,x\n0,1,1\n1,2,2\n", asked).columns == Names{"id", "x"});
}

TEST_CASE("paths and groups can be text, as labels") {
  const Observations all =
      read_rows("t,path,group,x,who\n0,run b,hot,1,Ann\n1,run b,hot,2,Ann\n0,run a,cold,3,Bob\n1,run a,cold,4,Bob\n");
  CHECK(all.path == Places{0, 0, 1, 1});
  CHECK(all.group == Places{0, 0, 1, 1});
  CHECK(all.columns == Names{"x"});
  CHECK(all.remarks[0] == "components: x; time: t; path: path; group: group; left out: who (text)");
  CHECK(read_rows("t,path,x\n0,1,1\n1,1,2\n0,2b,3\n1,2b,4\n").path == Places{0, 0, 1, 1});
  CHECK(read_rows("t,path,x\n0,1,1\n1,1.0,2\n0,2,3\n1,2,4\n").path == Places{0, 0, 1, 1});
  refused_rows("t,path,x\n0,a,1\n1,,2\n", "x.csv:3:3: missing value in column 'path'");
}

TEST_CASE("dates are days or seconds since the first, which is said") {
  const Observations days = read_rows("date,x\n2024-02-28,1\n2024-03-01,2\n2024-02-27,4\n");
  CHECK(days.t == Numbers{1, 3, 0});
  CHECK(days.remarks[1] == "date is in days since 2024-02-27");
  const Observations clock = read_rows(
      "when,x\n2024-03-31T08:30:00Z,1\n2024-03-31 08:30:01.5,2\n2024-03-31T11:30:00+02:00,3\n2024-03-31T08:31,4\n",
      {.roles = {.time = "when"}});
  CHECK(clock.t == Numbers{0, 1.5, 3600, 60});
  CHECK(clock.remarks[1] == "when is in seconds since 2024-03-31T08:30:00Z");
  CHECK(read_rows("time,x\n2024-01,1\n2024-02,2\n2025/02/01,3\n").t == Numbers{0, 31, 397});
  for (const std::string bad :
       {"31.03.2024", "03/31/2024", "2024-02-30", "2024-3-31", "2024-03-31T25:00", "2024-03-31x", "noon"})
    refused_rows("date,x\n2024-01-01,1\n" + bad + ",2\n",
                 "column date: '" + bad + "' in row 2 is neither a number nor a date");
}

TEST_CASE("windows lie within one path, and the time is no component of a series") {
  const std::string csv = "t,path,x\n0,a,1\n1,a,2\n2,a,3\n0,b,4\n1,b,5\n2,b,7\n3,b,8\n4,b,9\n";
  const Observations all = read_rows(csv, {.window = 2, .interval = 0.5});
  CHECK(all.columns == Names{"x"});
  CHECK(all.x.values() == Numbers{1, 2, 4, 5, 7, 8});
  CHECK(all.t == Numbers{0, 0.5, 0, 0.5, 0, 0.5});
  CHECK(all.path == Places{0, 0, 1, 1, 2, 2});
  CHECK(all.remarks[1] ==
        "cut into 3 windows of 2 rows within 2 paths, each starting at t = 0; dropped rows at the end, which fill no "
        "window: 2");
  // Rows of several paths in turn.
  CHECK(read_rows("time,id,x\n0,1,1\n0,2,5\n1,1,2\n1,2,6\n", {.window = 2}).x.values() == Numbers{1, 2, 5, 6});
  const Observations one = read_rows("time,x\n0,1\n1,2\n2,4\n3,8\n", {.window = 2});
  CHECK(one.columns == Names{"x"});
  CHECK(one.remarks[0] == "components: x; time: time");
  const Observations groups = read_rows("t,path,group,x\n0,1,u,1\n1,1,u,2\n0,2,v,3\n1,2,v,4\n", {.window = 2});
  CHECK(groups.group == Places{0, 0, 1, 1});
  refused_rows("t,path,group,x\n0,1,u,1\n1,1,v,2\n0,2,v,3\n1,2,v,4\n", "rows 1 and 2 are of one path but of two groups",
               {.window = 2});
  refused_rows("t,x\n0,1\n2,2\n1,3\n3,4\n", "rows 2 and 3 are not in the order of time", {.window = 2});
  refused_rows("t,path,x\n0,1,1\n1,1,2\n0,2,3\n", "is too short for two windows of 2 rows: it has 3 in 2 paths.",
               {.window = 2});
}

TEST_CASE("times and places far from 0 keep their digits in float32") {
  const auto rows = [](double t, double x) {
    Observations all{{"x"}, {}, {}, {}, {}};
    std::vector<double> values;
    for (int i = 0; i < 40; ++i) {
      all.t.push_back(t + i % 10);
      all.path.push_back(i / 10);
      all.group.push_back(0);
      values.push_back(x + 3 * std::sin(i));
    }
    all.x = tensor(values, {40, 1}, f64);
    return all;
  };
  const Observations near = rows(0, 0), far = rows(1.6e9 + 37, -2e9);
  const auto points = [](const Observations& all) {
    return density_points(make_model({.net = {.hidden = {4}}}, all, {std::nullopt}, Rng(1)), all);
  };
  const Points a = points(near), b = points(far);
  CHECK(b.t.dtype() == DType::float32);
  CHECK(a.t.values() == b.t.values());
  CHECK(max(abs(astype(a.x - b.x, f64))).item() < 1e-6);
  // The equation in the units of the data sees the same.
  const auto drift = [](const Observations& all) {
    const SdeModel model = astype(make_model({.net = {.hidden = {4}}}, all, {std::nullopt}, Rng(1)), f64);
    return equation(model).drift(reshape(tensor(all.t, f64), {all.size(), 1}), all.x, 0)[0];
  };
  CHECK(max(abs(drift(near) - drift(far))).item() < 1e-5);
}

TEST_CASE("an archive may have other arrays, of any kind") {
  const TemporaryFolder folder;
  const std::string path = folder / "x.npz";
  save_npz(path, {{"comment", tensor({7, 7}, f64)},
                  {"t", tensor({0, 1, 0}, DType::float32)},
                  {"id", tensor({3, 3, 9}, DType::float32)},
                  {"x", tensor({5, 6, 7}, DType::float32)}});
  std::string file = read_text(path);
  file.replace(file.find("<f8"), 3, "<U2");
  write_text(path, file);
  const Observations all = read_observations(path, {});
  CHECK(all.t == Numbers{0, 1, 0});
  CHECK(all.path == Places{0, 0, 1});
  CHECK(all.x.values() == Numbers{5, 6, 7});
}

TEST_CASE("train says what each column is taken for, and eval refuses data that changed") {
  const TemporaryFolder folder;
  std::string text = "Zeit;id;who;a;b\n";
  for (int i = 0; i < 30; ++i)
    text += std::to_string(i % 3) + ",5;run " + std::to_string(i / 3) + ";Ann;" + std::to_string(i % 7) + ",25;" +
            (i == 4 ? "?" : std::to_string(i % 5)) + "\n";
  write_text(folder / "x.csv", text);
  const Strings words = fitting(folder / "run", 4) + Strings{"--data", folder / "x.csv", "--time", "Zeit", "--verbose"};
  const Ended missing = run_sde(words);
  CHECK(missing.code == 3);
  CHECK_THAT(missing.err, Contains("x.csv:6:20: missing value in column 'b'"));
  const Ended ended = run_sde(words + Strings{"--missing", "drop-rows"});
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  CHECK_THAT(ended.err, Contains("data: components: a, b; time: Zeit; path: id; left out: who (text)") &&
                            Contains("data: numbers have decimal commas") &&
                            Contains("data: dropped rows with missing values: 1 of 30") &&
                            Contains("data: separator semicolon, decimal comma, header yes"));
  CHECK(run_sde({"eval", "--out", folder / "run"}).code == 0);
  write_text(folder / "x.csv", text + "9,5;run 9;Ann;1;2\n");
  const Ended changed = run_sde({"eval", "--out", folder / "run"});
  CHECK(changed.code == 3);
  CHECK_THAT(changed.err, Contains("was changed after "));
}

}  // namespace dimwise::sde_tables_tests
