#include "nn/io/csv.hpp"

#include <cmath>
#include <limits>

#include "nn/io/detail/csv_fields.hpp"
#include "tests/catch.hpp"
#include "tests/data.hpp"
#include "tests/nn/io/files.hpp"

namespace dimwise::csv_tests {

namespace {

using Names = std::vector<std::string>;

Tensor matrix(const std::vector<double>& values, int64_t columns) {
  return tensor(values, {static_cast<int64_t>(values.size()) / columns, columns}, DType::float64);
}
bool reads_as(const std::string& text, const Names& columns, const std::vector<double>& values) {
  const Csv csv = parse_csv(text);
  return csv.columns == columns && same_bits(csv.values, matrix(values, static_cast<int64_t>(columns.size())));
}
std::string error_for(const std::string& text, const CsvOptions& options = {}) {
  return error_of([&] { parse_csv(text, options, "some.csv"); });
}

}  // namespace

TEST_CASE("commas, semicolons, tabs and spaces are separators, as detected in the first line") {
  const std::vector<double> values = {1, -2.5, 3e2, 4};
  CHECK(reads_as("a,b\n1,-2.5\n3e2,4\n", {"a", "b"}, values));
  CHECK(reads_as("a;b\n1;-2.5\n3e2;4\n", {"a", "b"}, values));
  CHECK(reads_as("a\tb\n1\t-2.5\n3e2\t4\n", {"a", "b"}, values));
  CHECK(reads_as("  a  b\n 1   -2.5 \n3e2\t4", {"a", "b"}, values));
  CHECK(reads_as("a , b\n 1 , -2.5\t\n3e2,+4", {"a", "b"}, values));
  CHECK(reads_as("a\n1\n2 \n", {"a"}, {1, 2}));
  CHECK(reads_as("a,b\n1,inf\n-Infinity,.5", {"a", "b"}, {1, INFINITY, -INFINITY, 0.5}));
}

TEST_CASE("line ends, blank lines, comments, byte-order marks and quotes are handled") {
  const std::vector<double> values = {1, 2, 3, 4};
  CHECK(reads_as("\xef\xbb\xbf# about\r\n\r\na,b\r\n1,2\r\n  \r\n # more\r\n3,4", {"a", "b"}, values));
  CHECK(reads_as("a,b\r1,2\r3,4\r", {"a", "b"}, values));
  CHECK(reads_as("\"a, \"\"x\"\"\",\"b\nc\"\n\"1\",2\n3,\"4\"\n", {"a, \"x\"", "b\nc"}, values));
}

TEST_CASE("a first line of numbers is data, a line of quoted or other text is names") {
  CHECK(reads_as("1,2\n3,4\n", {"x1", "x2"}, {1, 2, 3, 4}));
  CHECK(reads_as("\"1990\",\"1991\"\n3,4\n", {"1990", "1991"}, {3, 4}));
  CHECK(parse_csv("1,2\n3,4", {.header = CsvOptions::Header::yes}).columns == Names{"1", "2"});
  CHECK_THAT(error_for("a,b\n3,4", {.header = CsvOptions::Header::no}), Catch::Contains("some.csv:1:1: not a number"));
  CHECK_THAT(error_for("1,NA\n3,4"), Catch::Contains("some.csv:1:3: missing value"));
  CHECK(parse_csv("a,b\n").values.shape() == Shape{0, 2});
}

TEST_CASE("row numbers of R and pandas are dropped by default") {
  const Csv r = parse_csv("\"rownames\",\"a\"\n1,5\n2,6\n");
  CHECK(r.columns == Names{"a"});
  CHECK(r.dropped == std::vector<DroppedColumn>{{"rownames", "row numbers"}});
  CHECK(same_bits(r.values, matrix({5, 6}, 1)));
  CHECK(reads_as(",0,1\n0,5,6\n1,7,8\n", {"0", "1"}, {5, 6, 7, 8}));
  CHECK(reads_as(",a\n1,5\n3,6\n", {"", "a"}, {1, 5, 3, 6}));
  CHECK(reads_as("n,a\n1,5\n2,6\n", {"n", "a"}, {1, 5, 2, 6}));
  CsvOptions keep;
  keep.drop_row_numbers = false;
  CHECK(parse_csv("rownames,a\n1,5\n", keep).columns == Names{"rownames", "a"});
}

TEST_CASE("missing values, text, ragged rows and unterminated quotes are rejected with line and column") {
  CHECK_THAT(error_for("a,b\n1,2\n3,\n"), Catch::Contains("some.csv:3:3: missing value in column 'b'"));
  CHECK_THAT(error_for("a,b\n1,2\n\n# c\nNaN,4\n"), Catch::Contains("some.csv:5:1: missing value in column 'a'"));
  CHECK_THAT(error_for("a,b\n1, x7\n"), Catch::Contains("some.csv:2:4: not a number") && Catch::Contains("'x7'"));
  CHECK_THAT(error_for("a,b\n1,1e999\n"), Catch::Contains("some.csv:2:3: a number outside the range"));
  CHECK_THAT(error_for("a;b\n1.5;2,5\n"), Catch::Contains("can be read in two ways"));
  CHECK_THAT(error_for("a,b\n1,2\n3\n"),
             Catch::Contains("some.csv:3:1: the row has 1 fields, but the first row has 2"));
  CHECK_THAT(error_for("a,b\n1,2,3\n"), Catch::Contains("some.csv:2:5: the row has 3 fields"));
  CHECK_THAT(error_for("a,b\n\"1\n,2\n"), Catch::Contains("some.csv:2:1: the quote"));
  CHECK_THAT(error_for("a,b\n\"1\"2,2\n"), Catch::Contains("some.csv:2:4: text after a closing quote"));
  CHECK_THAT(error_for("# nothing\n\n"), Catch::Contains("some.csv has no rows"));
  CHECK_THAT(error_for("a\tb\n\t2\n"), Catch::Contains("some.csv:2:1: missing value"));
}

TEST_CASE("text columns and named columns can be dropped") {
  CsvOptions options;
  options.drop_text = true;
  const Csv csv = parse_csv("day,a,b\nmon,1,2\ntue,3,4\n", options);
  CHECK(csv.columns == Names{"a", "b"});
  CHECK(csv.dropped == std::vector<DroppedColumn>{{"day", "text"}});
  CHECK(same_bits(csv.values, matrix({1, 2, 3, 4}, 2)));
  CHECK_THAT(error_for("day,a\nmon,1\ntue,\n", options), Catch::Contains("some.csv:3:5: missing value"));
  options.drop = {"a"};
  CHECK(parse_csv("day,a,b\nmon,,2\n", options).columns == Names{"b"});
  options.drop = {"c"};
  CHECK_THAT(error_for("day,a\nmon,1\n", options),
             Catch::Contains("some.csv has no column c, only day, a. Correct drop = c."));
}

TEST_CASE("a saved table is read back bit for bit") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.csv";
  const Names names = {"1", "a \"b\", c", "#", "line\nend"};
  using Limits = std::numeric_limits<double>;
  const Tensor x = matrix({0.1, -0.0, 1.0 / 3, Limits::max(), Limits::min(), -Limits::denorm_min(), 5e22, INFINITY}, 4);
  save_csv(path, names, x);
  const Csv csv = load_csv(path);
  CHECK(csv.columns == names);
  CHECK(same_bits(csv.values, x));
  save_csv(path, {"a"}, tensor({0.1}, {1, 1}, DType::float32));
  CHECK(load_csv(path).values.item() == static_cast<double>(0.1f));
  save_csv(path, {"a", "b"}, zeros({0, 2}));
  CHECK(load_csv(path).values.shape() == Shape{0, 2});
  CHECK_THROWS_AS(save_csv(path, {"a"}, zeros({2})), ShapeError);
  CHECK_THROWS_AS(save_csv(path, {"a"}, zeros({2, 2})), ShapeError);
  CHECK_THROWS_AS(save_csv(path, {}, zeros({2, 0})), ShapeError);
}

TEST_CASE("every prefix and every changed byte of a table gives a value or an Error") {
  const std::string sample = "# c\n\"rownames\",\"a \"\"b\"\"\",c\r\n1,2.5,-3e-2\n2,+.5,inf\n";
  const auto attempt = [](BytesView bytes) { parse_csv(as_text(bytes)); };
  CHECK(refused_mutations(sample, sample.size(), attempt) > 200);
}

TEST_CASE("real time series are read") {
  const std::string folder = optional_data("timeseries/");
  if (folder.empty()) return;
  const std::pair<const char*, Shape> expected[] = {{"EuStockMarkets", {1860, 4}}, {"Irates", {531, 10}},
                                                    {"sunspot.month", {3310, 2}},  {"lynx", {114, 2}},
                                                    {"faithful", {272, 2}},        {"quakes", {1000, 5}}};
  for (const auto& [name, shape] : expected) CHECK(load_csv(folder + name + ".csv").values.shape() == shape);
  const Csv stocks = load_csv(folder + "EuStockMarkets.csv");
  CHECK(stocks.columns == Names{"DAX", "SMI", "CAC", "FTSE"});
  CHECK(stocks.values.data<double>()[4] == 1613.63);

  CsvOptions options;
  options.drop_text = true;
  CHECK_THAT(error_of([&] { load_csv(folder + "Garch.csv", options); }),
             Catch::Contains("Garch.csv:2:27: missing value"));
  options.drop = {"ddm"};
  const Csv garch = load_csv(folder + "Garch.csv", options);
  CHECK(garch.dropped ==
        std::vector<DroppedColumn>{{"rownames", "row numbers"}, {"day", "text"}, {"ddm", "asked for"}});
  CHECK(garch.values.shape() == Shape{1867, 6});
}

}  // namespace dimwise::csv_tests
