// Tables as users have them: what dimwise-cnf reads, says and refuses.
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "autodiff/base/rng.hpp"
#include "nn/io/csv.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"
#include "tests/apps/cnf/cnf_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::cnf_tables_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

// Forty rows made of a number each.
template <class Row>
std::string rows_of(const std::string& header, Row&& row) {
  std::string text = header;
  for (int i = 0; i < 40; ++i) text += row(i);
  return text;
}

Ended train(const TemporaryFolder& folder, const std::string& file, const std::string& text, const Strings& more = {}) {
  write_text(folder / file, text);
  return run_cnf(training(folder / file, folder / "run", 3) + Strings{"--overwrite"} + more);
}

double held_out(const std::string& run) {
  const Ended ended = run_cnf({"eval", "--out", run, "--json", "--rtol", "1e-6", "--atol", "1e-6"});
  REQUIRE(ended.code == 0);
  return nlohmann::json::parse(ended.out)["log_likelihood"];
}

}  // namespace

TEST_CASE("a column far from 0 is learned in float32 as in float64, and its samples differ") {
  const TemporaryFolder folder;
  const Tensor z = Rng(5).normal({1500, 2}, DType::float64);
  const Tensor offset = tensor({1.6e9, -3}, DType::float64), scale = tensor({10, 0.5}, DType::float64);
  save_csv(folder / "far.csv", {"time stamp", "b"}, z * scale + offset);
  double scores[2];
  for (const bool narrow : {false, true}) {
    const std::string run = folder / (narrow ? "narrow" : "wide");
    const Ended ended =
        run_cnf(training(folder / "far.csv", run, 40) + Strings{"--dtype", narrow ? "float32" : "float64"});
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    scores[narrow] = held_out(run);
  }
  CHECK(std::abs(scores[0] - scores[1]) < 0.01);
  REQUIRE(run_cnf({"sample", "--out", folder / "narrow", "--n", "500", "--file", folder / "x.csv"}).code == 0);
  const Csv samples = load_csv(folder / "x.csv");
  CHECK(samples.columns == Strings{"time stamp", "b"});
  const std::vector<double> x = select(samples.values, 1, 0).values();
  CHECK(std::set<double>(x.begin(), x.end()).size() == 500);
  for (const double v : x) CHECK(std::abs(v - 1.6e9) < 200);
}

TEST_CASE("one odd cell in a column of numbers is refused, or its row is dropped if it says that a value is missing") {
  const TemporaryFolder folder;
  const auto with = [](const std::string& cell) {
    return rows_of("a,b\n",
                   [&](int i) { return std::to_string(i % 7) + "," + (i == 5 ? cell : std::to_string(i % 5)) + "\n"; });
  };
  for (const std::string cell : {"-", ".", "?", "#N/A", "<NA>", "1.#QNAN", "NaN", ""}) {
    const Ended refused = train(folder, "x.csv", with(cell));
    INFO(cell << refused.err);
    CHECK(refused.code == 3);
    CHECK_THAT(refused.err, Contains("x.csv:7:3: missing value in column 'b': '" + cell + "'") &&
                                Contains("--missing drop-rows") && Contains("--drop b"));
    const Ended dropped = train(folder, "x.csv", with(cell), {"--missing", "drop-rows"});
    CHECK(dropped.code == 0);
    CHECK_THAT(dropped.err,
               Contains("data: dropped rows with missing values: 1 of 40") && Contains("2 columns, 31 rows to train"));
  }
  for (const std::string cell : {"$12", "12%", "1_000", "x7"}) {
    const Ended refused = train(folder, "x.csv", with(cell));
    CHECK(refused.code == 3);
    CHECK_THAT(refused.err, Contains("x.csv:7:3: ") && Contains("in column 'b': '" + cell + "'"));
  }
  CHECK(train(folder, "x.csv",
              with("\xe2\x88\x92"
                   "3"))
            .code == 0);
  CHECK(train(folder, "x.csv", with("-999"), {"--missing-values", "usual,-999"}).code == 3);
  const Ended left = train(folder, "x.csv", with("x7"), {"--drop", "b"});
  CHECK(left.code == 0);
  CHECK_THAT(left.err, Contains("data: components: a; left out: b (asked for)"));
}

TEST_CASE("the dialects of other programs are read, which is said") {
  const TemporaryFolder folder;
  const auto n = [](int i) { return std::to_string(i % 7); };
  const auto m = [](int i) { return std::to_string(i % 5); };
  struct Case {
    std::string file, text, says;
    Strings flags = {};
  };
  const Case cases[] = {
      {"european.csv", rows_of("a;b;c\n", [&](int i) { return n(i) + ",5;" + m(i) + ",25;" + m(i + 1) + "\n"; }),
       "data: numbers have decimal commas"},
      {"excel.csv", rows_of("sep=;\na;b\n", [&](int i) { return n(i) + ";" + m(i) + "\n"; }), "separator semicolon"},
      {"savetxt.txt", rows_of("# a,b\n", [&](int i) { return n(i) + "," + m(i) + "\n"; }), "components: a, b"},
      {"r.txt",
       rows_of("\"a\" \"b\"\n", [&](int i) { return "\"" + std::to_string(i + 1) + "\" " + n(i) + " " + m(i) + "\n"; }),
       "components: a, b; left out: rownames (names of the rows)"},
      {"units.csv", rows_of("a,b\nm,s\n", [&](int i) { return n(i) + "," + m(i) + "\n"; }),
       "line 2 is taken for units: m | s"},
      {"trailing.csv", rows_of("a,b,\n", [&](int i) { return n(i) + "," + m(i) + ",\n"; }), "components: a, b\n"},
      {"fortran.txt", rows_of("a b\n", [&](int i) { return n(i) + ".5D+00 " + m(i) + ".0D-03\n"; }),
       "components: a, b"},
      {"one.csv", rows_of("my col\n", [&](int i) { return n(i) + "\n"; }), "components: my col"},
      {"none.csv",
       rows_of("", [&](int i) { return n(i) + "," + m(i) + "\n"; }),
       "components: u, v",
       {"--names", "u,v"}},
      {"report.csv",
       rows_of("A report\na|b|c\n", [&](int i) { return n(i) + "|" + m(i) + "|x" + n(i) + "\n"; }),
       "separator bar, decimal point, header yes",
       {"--skip-lines", "1"}},
  };
  for (const Case& c : cases) {
    const Ended ended = train(folder, c.file, c.text, Strings{"--verbose"} + c.flags);
    INFO(c.file << "\n" << ended.err);
    CHECK(ended.code == 0);
    CHECK_THAT(ended.err, Contains(c.says));
  }
  const Ended ambiguous =
      train(folder, "two.csv", rows_of("a;b\n", [&](int i) { return n(i % 6 + 1) + ",500;" + m(i) + "\n"; }));
  CHECK(ambiguous.code == 3);
  CHECK_THAT(ambiguous.err, Contains("can mark decimals or thousands. Set --decimal comma"));
  CHECK(train(folder, "two.csv", read_text(folder / "two.csv"), {"--decimal", "comma"}).code == 0);
  const Ended quiet = train(folder, "two.csv", read_text(folder / "two.csv"), {"--decimal", "comma"});
  CHECK_THAT(quiet.err, !Contains("separator semicolon"));
}

TEST_CASE("data that changed after the training are refused") {
  const TemporaryFolder folder;
  const std::string data = rows_file(folder), out = folder / "run";
  REQUIRE(run_cnf(training(data, out, 4)).code == 0);
  CHECK(run_cnf({"eval", "--out", out}).code == 0);
  write_text(data, read_text(data) + "1,2\n");
  for (const std::string command : {"eval", "plot"}) {
    const Ended ended = run_cnf({command, "--out", out});
    CHECK(ended.code == 3);
    CHECK_THAT(ended.err, Contains("rows.csv was changed after ") && Contains("Restore the file, or train anew."));
  }
  const Ended resumed = run_cnf(training(data, out, 6) + Strings{"--resume"});
  CHECK(resumed.code == 5);
  CHECK_THAT(resumed.err, Contains("SHA-256 of the data is"));
  CHECK(run_cnf({"sample", "--out", out, "--n", "5", "--file", folder / "x.csv"}).code == 0);
}

TEST_CASE("other data are scored if they have the same columns") {
  const TemporaryFolder folder;
  const std::string out = folder / "run", other = folder / "other.csv";
  REQUIRE(run_cnf(training(rows_file(folder), out, 4)).code == 0);
  write_text(other,
             rows_of("b;c;a\n", [](int i) { return std::to_string(i % 5) + ",5;x;" + std::to_string(i % 7) + "\n"; }));
  const Ended own = run_cnf({"eval", "--out", out, "--data", other}),
              asked = run_cnf({"eval", "--out", out, "--data", other, "--columns", "a,b"});
  CHECK(own.code == 0);
  CHECK_THAT(own.err, Contains("scored are the columns of the model: a, b"));
  CHECK(own.out == asked.out);
  const Ended one = run_cnf({"eval", "--out", out, "--data", other, "--columns", "a"});
  CHECK_THAT(one.err, Contains("has 1 column, but the model has 2: a, b."));
  const Ended stray = run_cnf({"eval", "--out", out, "--columns", "a,b"});
  CHECK(stray.code == 2);
  CHECK_THAT(stray.err, Contains("the flags of a table are for --data"));
}

}  // namespace dimwise::cnf_tables_tests
