// Reading observations: what each format holds, what is sorted, left out and refused, and how they are parted.
#include "apps/common/data/observations.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "apps/common/cli/exit_code.hpp"
#include "apps/sde/data/dataset.hpp"
#include "nn/io/npy.hpp"
#include "nn/io/npz.hpp"
#include "ops/layout.hpp"
#include "tests/apps/common/temporary_folder.hpp"
#include "tests/catch.hpp"

namespace dimwise::sde_observations_tests {

using namespace dimwise::app;
using namespace dimwise::app::sde;
using Catch::Matchers::Contains;

namespace {

using Numbers = std::vector<double>;
using Places = std::vector<int64_t>;
using Names = std::vector<std::string>;

constexpr DType f64 = DType::float64;

// Options of which these of the table are given.
ReadOptions with(const CsvOptions& given) {
  ReadOptions options;
  options.table.names = given.names;
  options.table.columns = given.columns;
  options.table.drop = given.drop;
  options.table.missing = given.missing;
  return options;
}

Observations read(const std::string& csv, const ReadOptions& options = {}) {
  const TemporaryFolder folder;
  write_text(folder / "x.csv", csv);
  return read_observations(folder / "x.csv", options);
}

// Reading it fails as an exception of that type, with that text.
template <class Exception = DataError>
void refused(const std::string& csv, const std::string& text, const ReadOptions& options = {}) {
  INFO(csv);
  CHECK_THROWS_AS(read(csv, options), Exception);
  CHECK_THROWS_WITH(read(csv, options), Contains(text));
}

template <class Exception = DataError>
void refused_file(const std::string& path, const std::string& text, const ReadOptions& options = {}) {
  CHECK_THROWS_AS(read_observations(path, options), Exception);
  CHECK_THROWS_WITH(read_observations(path, options), Contains(text));
}

// So many paths of three observations each, of two groups in turn.
Observations some(int64_t paths) {
  Observations all{{"x1"}, {}, {}, {}, {}};
  for (int64_t i = 0; i < 3 * paths; ++i) {
    all.t.push_back(static_cast<double>(i % 3));
    all.path.push_back(i / 3);
    all.group.push_back(i / 3 % 2);
  }
  all.x = reshape(arange(static_cast<double>(3 * paths), f64), {3 * paths, 1});
  return all;
}

}  // namespace

TEST_CASE("a table gives times, paths, groups and components by the names of its columns") {
  const Observations all = read("x1,path,t,group,speed\n1,7,0,2,5\n2,7,0.5,2,6\n3,4,0,1,7\n4,4,2,1,8\n");
  CHECK(all.columns == Names{"x1", "speed"});
  CHECK(all.t == Numbers{0, 0.5, 0, 2});
  CHECK(all.path == Places{0, 0, 1, 1});
  CHECK(all.group == Places{0, 0, 1, 1});
  CHECK(all.x.values() == Numbers{1, 5, 2, 6, 3, 7, 4, 8});
  CHECK(all.x.shape() == Shape{4, 2});
  CHECK(all.paths() == 2);
  CHECK(all.groups() == 2);
  CHECK(all.remarks == Names{"components: x1, speed; time: t; path: path; group: group"});
  const Observations one = read("x1,path,t,speed\n1,7,0,5\n2,7,0.5,6\n", with({.columns = {"speed"}}));
  CHECK(one.columns == Names{"speed"});
  CHECK(one.x.values() == Numbers{5, 6});
  CHECK(one.groups() == 1);
  CHECK(read("t,x\n0,1\n1,20\n", {.logarithm = true}).x.values()[1] == Approx(std::log(20)));
}

TEST_CASE("without a column path each row is a path of its own, which is told") {
  const Observations all = read("t,x\n0,1\n1,2\n1,3\n");
  CHECK(all.path == Places{0, 1, 2});
  REQUIRE(all.remarks.size() == 2);
  CHECK(all.remarks[1] == "there is no column path, so each row is a separate path");
}

TEST_CASE("rows are sorted and repeated ones left out, which is told") {
  const Observations all = read("t,path,x\n2,5,1\n0,6,2\n0,5,3\n2,5,1\n1,5,4\n1,6,5\n");
  CHECK(all.t == Numbers{0, 1, 2, 0, 1});
  CHECK(all.path == Places{0, 0, 0, 1, 1});
  CHECK(all.x.values() == Numbers{3, 4, 1, 2, 5});
  CHECK(all.remarks == Names{"components: x; time: t; path: path", "unordered rows were sorted by path and time",
                             "dropped duplicate rows: 1"});
}

TEST_CASE("text and row numbers are left out, which is told") {
  const Observations all = read("rownames,t,path,who,x\n1,0,1,Ann,2\n2,1,1,Bob,3\n");
  CHECK(all.columns == Names{"x"});
  CHECK(all.remarks == Names{"components: x; time: t; path: path; left out: rownames (row numbers), who (text)"});
  refused("t,path,x\nmorning,1,2\nevening,1,3\n",
          "x.csv: column t: 'morning' in row 1 is neither a number nor a date of ISO 8601.");
  CHECK(read("day,x\nMon,1\nTue,2\nWed,4\nThu,5\n", {.window = 2}).remarks[0] == "components: x; left out: day (text)");
}

TEST_CASE("arrays of NumPy hold the same") {
  const TemporaryFolder folder;
  const Tensor table = tensor({0, 3, 5, 6, 1, 3, 7, 8, 0, 9, 1, 2}, {3, 4}, f64);
  save_npy(folder / "x.npy", table);
  const Observations all = read_observations(folder / "x.npy", {});
  CHECK(all.columns == Names{"x1", "x2"});
  CHECK(all.t == Numbers{0, 1, 0});
  CHECK(all.path == Places{0, 0, 1});
  CHECK(all.x.values() == Numbers{5, 6, 7, 8, 1, 2});
  const Observations named = read_observations(folder / "x.npy", with({.names = {"t", "group", "a", "b"}}));
  CHECK(named.columns == Names{"a", "b"});
  CHECK(named.group == Places{0, 0, 1});
  CHECK(named.path == Places{0, 1, 2});
  CHECK(read_observations(folder / "x.npy", with({.names = {"u", "t", "a", "path"}, .columns = {"a"}})).x.values() ==
        Numbers{5, 7, 1});

  const Tensor x = tensor({5, 6, 7, 8, 1, 2}, {3, 2}, f64);
  save_npz(folder / "x.npz", {{"t", tensor({0, 1, 0}, f64)}, {"path", tensor({3, 3, 9}, f64)}, {"x", x}});
  const Observations archive = read_observations(folder / "x.npz", {});
  CHECK(archive.columns == all.columns);
  CHECK(archive.t == all.t);
  CHECK(archive.path == all.path);
  CHECK(archive.x.values() == all.x.values());
  save_npz(folder / "line.npz", {{"t", tensor({0, 1, 2}, f64)}, {"x", tensor({4, 5, 7}, f64)}});
  CHECK(read_observations(folder / "line.npz", {}).x.shape() == Shape{3, 1});

  save_npy(folder / "cube.npy", zeros({2, 3, 4}, f64));
  refused_file(folder / "cube.npy", "cube.npy has shape (2, 3, 4). It must be (rows, columns).");
  save_npy(folder / "narrow.npy", zeros({5, 1}, f64));
  refused_file(folder / "narrow.npy", "none of them is x");
  save_npz(folder / "none.npz", {{"y", x}});
  refused_file(folder / "none.npz", "none.npz has no array x of shape (rows,) or (rows, d).");
  save_npz(folder / "uneven.npz", {{"t", tensor({0, 1}, f64)}, {"x", x}});
  refused_file(folder / "uneven.npz", "uneven.npz: x has 3 rows, and t, path or group 2.");
  refused_file(folder / "x.npz", "has names. Leave out --names.", with({.names = {"t", "x"}}));
  refused_file(folder / "x.npy", folder / "x.npy" + " has 4 columns, but there are 2 names. Correct --names.",
               with({.names = {"t", "x"}}));
  write_text(folder / "text.npy", "t,x\n1,2\n");
  refused_file(folder / "text.npy", "text.npy");
}

TEST_CASE("names are for a file that has none") {
  const Observations all = read("0,1,5\n1,1,6\n", with({.names = {"t", "path", "a"}}));
  CHECK(all.columns == Names{"a"});
  CHECK(all.t == Numbers{0, 1});
  refused("t,x\n0,1\n1,2\n", "has the column names t, x. Names are for a file without any: leave out --names",
          with({.names = {"t", "x"}}));
  refused("0,1\n1,2\n", "has 2 columns, but there are 3 names. Correct --names", with({.names = {"t", "x", "y"}}));
  refused("0,1,2\n1,2,3\n", "column x is named twice", with({.names = {"t", "x", "x"}}));
  refused("t,t,x\n0,0,1\n1,1,2\n", "column t is named twice");
  refused("t,x\n0,1\n1,2\n", "column x is named twice", with({.columns = {"x", "x"}}));
  refused("t,x\n0,1\n1,2\n", "has no column y, only t, x.", with({.columns = {"y"}}));
}

TEST_CASE("a path is at one place at a time and starts from one law") {
  refused("t,path,x\n0,8,1\n1,8,2\n0,9,3\n1,8,4\n",
          "rows 2 and 4 are two observations of one path at t = 1. A path has one state at a time: number the "
          "paths in a column path.");
  refused("t,path,group,x\n0,1,1,1\n1,1,2,2\n", "rows 1 and 2 are of one path but of two groups.");
  refused("t,path,group,x\n0,1,1,1\n1,1,1,2\n0,1,2,1\n", "rows 1 and 3 are of one path but of two groups.");
}

TEST_CASE("what cannot be learned from is refused by row and column") {
  refused("t,x\n0,1\n1,nan\n", "x.csv:3:3: missing value in column 'x'");
  refused("t,x\n0,1\n,2\n", "x.csv:3:1: missing value in column 't'");
  refused("t,x\n0,1\n1,inf\n2,3\n", "row 2, column x is inf. Remove such rows from the file: times may be irregular.");
  refused("t,path,x\n0,1,1\n1,-inf,2\n", "row 2, column path is -inf");
  CHECK(read("t,x,y\n0,1,1\n1,2,inf\n", with({.columns = {"x"}})).size() == 2);
  refused("t,x,y\n0,1,3\n1,1,4\n", "column x is constant, 1. It has no dynamics to learn");
  refused("t,x\n2,1\n2,3\n",
          "all observations are at t = 2. Give several times: the equation is learned from changes over time.");
  refused("s,x\n0,1\n1,2\n", "has columns s, x, none of which is the time. Name it by --time, or give --window");
  refused("t,path\n0,1\n1,2\n", "has columns t, path: none of them is x.");
  refused("t,x\n", "x.csv has no rows.");
  refused("", "x.csv");
  refused("t,x\n0,3\n1,0\n", "row 2, column x is 0, which has no logarithm. Use --transform none.",
          {.logarithm = true});
  refused("t,x\n0,-3\n1,2\n", "row 1, column x is -3, which has no logarithm", {.logarithm = true});

  const TemporaryFolder folder;
  save_npy(folder / "nan.npy", tensor({0, 1, 5, 1, 1, std::numeric_limits<double>::quiet_NaN()}, {2, 3}, f64));
  refused_file(folder / "nan.npy", "row 2, column x1 is nan");
  save_npy(folder / "empty.npy", zeros({0, 3}, f64));
  refused_file(folder / "empty.npy", "empty.npy has no rows.");
  save_npz(folder / "empty.npz", {{"t", zeros({0}, f64)}, {"x", zeros({0, 2}, f64)}});
  refused_file(folder / "empty.npz", "empty.npz has no rows.");
}

TEST_CASE("a series is cut into windows that start at t = 0 and do not overlap") {
  const Observations all = read("a,t\n1,9\n2,9\n4,9\n8,9\n16,9\n32,9\n64,9\n", {.window = 3, .interval = 0.5});
  CHECK(all.columns == Names{"a"});
  CHECK(all.t == Numbers{0, 0.5, 1, 0, 0.5, 1});
  CHECK(all.path == Places{0, 0, 0, 1, 1, 1});
  CHECK(all.groups() == 1);
  CHECK(all.x.values() == Numbers{1, 2, 4, 8, 16, 32});
  CHECK(all.remarks ==
        Names{"components: a; time: t",
              "cut into 2 windows of 3 rows, each starting at t = 0; dropped rows at the end, which fill no window: 1",
              "the time is not used: rows of a series are 0.5 apart"});
  CHECK(read("a\n1\n2\n3\n4\n", {.window = 2}).remarks ==
        Names{"components: a", "cut into 2 windows of 2 rows, each starting at t = 0"});
  CHECK(read("a\n1\n2\n3\n4\n", {.window = 2, .logarithm = true}).x.values()[3] == Approx(std::log(4)));
  const TemporaryFolder folder;
  save_npy(folder / "x.npy", tensor({1, 2, 3, 4, 5, 6, 7, 8}, {4, 2}, f64));
  CHECK(read_observations(folder / "x.npy", {.window = 2}).columns == Names{"x1", "x2"});
  refused<UsageError>("a\n1\n2\n3\n", "[--window] must be at least 2 rows, not 1.", {.window = 1});
  refused("a\n1\n2\n3\n", "is too short for two windows of 2 rows: it has 3.", {.window = 2});
}

TEST_CASE("whole paths are held out, drawn by the seed, or the last of a series") {
  const Observations all = some(20);
  const HeldOut parts = hold_out(all, 0.25, false, Rng(1));
  CHECK(parts.train.size() == 45);
  CHECK(parts.test.size() == 15);
  std::set<int64_t> train(parts.train.path.begin(), parts.train.path.end());
  std::set<int64_t> test(parts.test.path.begin(), parts.test.path.end());
  CHECK(test.size() == 5);
  for (const int64_t path : test) CHECK_FALSE(train.contains(path));
  for (size_t i = 0; i < parts.test.t.size(); ++i) {
    const auto row = static_cast<int64_t>(parts.test.x.values()[i]);
    CHECK(parts.test.path[i] == row / 3);
    CHECK(parts.test.group[i] == row / 3 % 2);
    CHECK(parts.test.t[i] == static_cast<double>(row % 3));
  }
  CHECK(hold_out(all, 0.25, false, Rng(1)).test.path == parts.test.path);
  CHECK(hold_out(all, 0.25, false, Rng(2)).test.path != parts.test.path);
  const HeldOut last = hold_out(all, 0.1, true, Rng(1));
  CHECK(last.test.path == Places{18, 18, 18, 19, 19, 19});
  CHECK(last.train.size() == 54);
  const Observations few = some(2);
  for (const double share : {0.2, 0.8})
    CHECK_THROWS_WITH(
        hold_out(few, share, false, Rng(1)),
        Contains("the number of paths is 2, and a test share of 0." + std::string(share < 0.5 ? "2" : "8") +
                 " leaves none for training or none for the test. Give more paths, or another --test-share"));
  CHECK_THROWS_AS(hold_out(few, 0.2, false, Rng(1)), DataError);
}

TEST_CASE("a group of which no path is left to train on is refused") {
  const TemporaryFolder folder;
  std::string text = "t,path,group,x\n";
  for (int path = 0; path < 6; ++path)
    for (int k = 0; k < 2; ++k)
      text += std::to_string(k) + "," + std::to_string(path) + "," + std::to_string(path) + "," +
              std::to_string(path + 10 * k) + "\n";
  write_text(folder / "x.csv", text);
  DataSettings settings;
  settings.data = folder / "x.csv";
  CHECK_THROWS_AS(load_dataset(settings), DataError);
  CHECK_THROWS_WITH(load_dataset(settings),
                    Contains("there are 6 groups, but one of them has no training observations"));
}

TEST_CASE("a share of the rows is kept in order, drawn by the seed") {
  const Observations all = some(20), part = thin(all, 0.3, Rng(1));
  CHECK(part.size() == 18);
  const std::vector<double> rows = part.x.values();
  CHECK(std::is_sorted(rows.begin(), rows.end()));
  CHECK(std::set<double>(rows.begin(), rows.end()).size() == 18);
  for (size_t i = 0; i < rows.size(); ++i) CHECK(part.path[i] == static_cast<int64_t>(rows[i]) / 3);
  CHECK(thin(all, 0.3, Rng(1)).x.values() == rows);
  CHECK(thin(all, 0.3, Rng(2)).x.values() != rows);
  CHECK(thin(all, 1, Rng(2)).x.values() == all.x.values());
  CHECK(thin(all, 1e-9, Rng(2)).size() == 1);
}

TEST_CASE("pairs are consecutive observations of one path") {
  const Observations all = some(3);
  CHECK(pairs(all).from == Places{0, 1, 3, 4, 6, 7});
  CHECK(pairs(all).to == Places{1, 2, 4, 5, 7, 8});
  CHECK(pairs(subset(all, {0, 2, 3, 6, 7})).from == Places{0, 3});
  CHECK(pairs(subset(all, {0, 4, 5})).from == Places{1});
  CHECK(pairs(subset(all, {0, 3, 6})).empty());
}

}  // namespace dimwise::sde_observations_tests
