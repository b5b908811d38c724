#include <filesystem>
#include <limits>

#include "nn/io/npy.hpp"
#include "tests/apps/cnf/cnf_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::cnf_datasets_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

// `rows` lines of two numbers, with one line replaced.
std::string lines(int rows, int at = -1, const std::string& instead = "") {
  std::string text = "a,b\n";
  for (int i = 0; i < rows; ++i)
    text += i == at ? instead + "\n" : std::to_string(1 + i % 7) + "," + std::to_string(0.5 + i % 5) + "\n";
  return text;
}

// Training on it must end with 3, say why, and leave no folder.
void refused(const TemporaryFolder& folder, const std::string& file, const std::string& why, const Strings& more = {}) {
  const Ended ended = run_cnf(training(folder / file, folder / "run", 6) + more);
  INFO(file << "\n" << ended.err);
  CHECK(ended.code == 3);
  CHECK(ended.out == "");
  CHECK_THAT(ended.err, Catch::Matchers::StartsWith("dimwise-cnf: error: [") && Contains(why));
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
}

}  // namespace

TEST_CASE("missing data name what was tried and what is built in") {
  const TemporaryFolder folder;
  refused(folder, "none.csv", "Tried: " + folder / "none.csv");
  const Ended ended =
      run_cnf(training("none.csv", folder / "run", 6), {.environment = {{"DIMWISE_DATA", "/no/where"}}});
  CHECK(ended.code == 3);
  CHECK_THAT(ended.err,
             Contains("no density and no file 'none.csv'. Tried: none.csv, /no/where/none.csv. Built in: ") &&
                 Contains("moons") && Contains("or give a .csv or .npy of rows of numbers."));
}

TEST_CASE("a file is found in the folder DIMWISE_DATA") {
  const TemporaryFolder folder;
  const std::string path = rows_file(folder), home = std::filesystem::path(path).parent_path().string();
  CHECK(run_cnf(training("rows.csv", folder / "run", 3), {.environment = {{"DIMWISE_DATA", home}}}).code == 0);
}

TEST_CASE("a column of text is left out, saying so") {
  const TemporaryFolder folder;
  std::string text = "a,name,b\n";
  for (int i = 0; i < 40; ++i)
    text += std::to_string(i % 7) + ",row " + std::to_string(i) + "," + std::to_string(i % 5) + "\n";
  write_text(folder / "text.csv", text);
  const Ended ended = run_cnf(training(folder / "text.csv", folder / "run", 3));
  CHECK(ended.code == 0);
  CHECK_THAT(ended.err, Contains("2 columns, 32 rows to train, 4 to validate, 4 to test") &&
                            Contains("data: components: a, b; left out: name (text)"));
}

TEST_CASE("malformed rows are refused by line and column") {
  const TemporaryFolder folder;
  write_text(folder / "nan.csv", lines(40, 7, "1,nan"));
  refused(folder, "nan.csv", "nan.csv:9:3: missing value in column 'b': 'nan'");
  write_text(folder / "hole.csv", lines(40, 7, "1,"));
  refused(folder, "hole.csv", "hole.csv:9:3: missing value in column 'b'");
  write_text(folder / "ragged.csv", lines(40, 7, "1"));
  refused(folder, "ragged.csv", "ragged.csv:9");
  write_text(folder / "infinite.csv", lines(40, 7, "1,inf"));
  refused(folder, "infinite.csv", "infinite.csv");
}

TEST_CASE("too few rows are refused") {
  const TemporaryFolder folder;
  write_text(folder / "one.csv", lines(1));
  refused(folder, "one.csv", "one.csv has 1 usable rows, too few");
  write_text(folder / "none.csv", lines(0));
  refused(folder, "none.csv", "has shape (0, 2): no numbers");
  write_text(folder / "blank.csv", "");
  refused(folder, "blank.csv", "blank.csv");
  write_text(folder / "words.csv", "n,m\nfoo,bar\nbaz,qux\n");
  refused(folder, "words.csv", "no numbers");
  const Ended ended = run_cnf(training(rows_file(folder), folder / "run", 6) +
                              Strings{"--validation-share", "0.5", "--test-share", "0.5"});
  CHECK(ended.code == 2);
  CHECK_THAT(ended.err, Contains("leave nothing to train on"));
}

TEST_CASE("a constant column is refused by name") {
  const TemporaryFolder folder;
  std::string text = "a,same\n";
  for (int i = 0; i < 40; ++i) text += std::to_string(i) + ",3.5\n";
  write_text(folder / "constant.csv", text);
  refused(folder, "constant.csv", "column same is constant (3.5): it has no density. Drop it.");
}

TEST_CASE("log-returns want positive numbers") {
  const TemporaryFolder folder;
  const Strings transform{"--transform", "log-returns"};
  write_text(folder / "prices.csv", lines(41));
  const Ended good = run_cnf(training(folder / "prices.csv", folder / "good", 3) + transform);
  CHECK(good.code == 0);
  CHECK_THAT(good.err, Contains("32 rows to train, 4 to validate, 4 to test"));
  write_text(folder / "negative.csv", lines(41, 7, "1,-2"));
  refused(folder, "negative.csv", "log-returns need positive values: row 8, column 2 is -2. Use --transform none.",
          transform);
  write_text(folder / "zero.csv", lines(41, 7, "0,2"));
  refused(folder, "zero.csv", "row 8, column 1 is 0", transform);
}

TEST_CASE("arrays of the wrong rank or kind are refused") {
  const TemporaryFolder folder;
  save_npy(folder / "vector.npy", zeros({40}, DType::float64));
  refused(folder, "vector.npy", "vector.npy has shape (40,). It must be (rows, columns).");
  save_npy(folder / "cube.npy", zeros({4, 5, 6}, DType::float32));
  refused(folder, "cube.npy", "cube.npy has shape (4, 5, 6). It must be (rows, columns).");
  save_npy(folder / "empty.npy", zeros({0, 3}, DType::float32));
  refused(folder, "empty.npy", "no numbers");
  write_text(folder / "text.npy", "a,b\n1,2\n");
  refused(folder, "text.npy", "text.npy");
  std::vector<double> values(80, 1.5);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 9);
  values[21] = std::numeric_limits<double>::quiet_NaN();
  save_npy(folder / "nan.npy", tensor(values, {40, 2}, DType::float64));
  refused(folder, "nan.npy", "row 11, column 2 is nan. Remove such rows.");
}

TEST_CASE("eval refuses data of other columns") {
  const TemporaryFolder folder;
  REQUIRE(run_cnf(training("moons", folder / "run", 3)).code == 0);
  std::string text = "a\n";
  for (int i = 0; i < 40; ++i) text += std::to_string(i) + "\n";
  write_text(folder / "one.csv", text);
  const Ended ended = run_cnf({"eval", "--out", folder / "run", "--data", folder / "one.csv"});
  CHECK(ended.code == 3);
  CHECK_THAT(ended.err, Contains("1 column, but the model has 2"));
}

}  // namespace dimwise::cnf_datasets_tests
