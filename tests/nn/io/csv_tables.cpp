// Odd tables, as programs and people write them: each with what it must be read as, or with a part of its error.
#include <cmath>
#include <random>

#include "nn/io/csv.hpp"
#include "tests/catch.hpp"
#include "tests/nn/io/files.hpp"

namespace dimwise::csv_tables_tests {

namespace {

using Names = std::vector<std::string>;
using Numbers = std::vector<double>;
using Header = CsvOptions::Header;
using Missing = CsvOptions::Missing;

// A file, and the columns and numbers (row by row) that it has, or a part of the error.
struct Case {
  std::string text;
  Names columns = {};
  Numbers values = {};
  std::string error = {};
  CsvOptions options = {};
};

Case refused(const std::string& text, const std::string& error, const CsvOptions& options = {}) {
  return {text, {}, {}, error, options};
}

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    INFO("file:\n" << c.text << "\nexpected error: " << c.error);
    CsvOptions options = c.options;
    options.drop_text = options.as_flags = true;
    Csv csv;
    const std::string error = error_of([&] { csv = parse_csv(c.text, options, "f"); });
    if (!c.error.empty()) {
      CHECK_THAT(error, Catch::Contains(c.error));
      continue;
    }
    CHECK(error == "");
    if (!error.empty()) continue;
    CHECK(csv.columns == c.columns);
    CHECK(csv.values.values() == c.values);
  }
}

std::string utf16(const std::string& ascii, bool big_endian) {
  std::string text = big_endian ? "\xfe\xff" : "\xff\xfe";
  for (const char c : ascii) text += big_endian ? std::string{'\0', c} : std::string{c, '\0'};
  return text;
}

// A table of random numbers in a random dialect.
struct RandomTable {
  explicit RandomTable(uint32_t seed) : draw(seed) {
    const char separator = ",;\t| "[below(5)];
    const bool comma = below(3) == 0, text = below(4) == 0;
    header = below(4) != 0;
    const bool units = header && below(5) == 0, row_names = header && !units && below(6) == 0;
    const bool trailing = separator != ' ' && below(6) == 0, quoted = below(6) == 0 || (comma && separator == ',');
    const int columns = (!header && comma ? 2 : 1) + below(4), rows = 1 + below(8), digits = below(4);
    const auto quote = [&](const std::string& cell) { return quoted ? '"' + cell + '"' : cell; };
    const auto line = [&](const Names& cells) {
      for (size_t i = 0; i < cells.size(); ++i) file += (i == 0 ? "" : std::string(1, separator)) + cells[i];
      file += trailing ? std::string(1, separator) + "\n" : "\n";
    };
    const auto fill = [&](const std::string& stem, const std::string& last) {
      Names cells;
      for (int i = 0; i < columns; ++i) cells.push_back(quote(stem.empty() ? "m" : stem + std::to_string(i)));
      if (text) cells.push_back(quote(last));
      line(cells);
    };
    if (header) fill("x", "who");
    if (units) fill("", "-");
    for (int i = 0; i < rows; ++i) {
      Names cells;
      if (row_names) cells.push_back('"' + std::to_string(i + 1) + '"');
      for (int j = 0; j < columns; ++j) {
        const int places = digits == 3 ? below(3) + (below(2) ? 1 : 0) : digits;
        std::string cell = std::to_string(below(2000) - 500);
        for (int k = 0; k < places; ++k) cell += (k == 0 ? "." : "") + std::to_string(below(10));
        values.push_back(std::stod(cell));
        if (const size_t point = cell.find('.'); comma && point != std::string::npos) cell[point] = ',';
        cells.push_back(quote(cell));
      }
      if (text) cells.push_back(quote(below(2) ? "Ann" : "Bob"));
      line(cells);
    }
  }
  int below(int n) { return static_cast<int>(draw() % static_cast<uint32_t>(n)); }

  std::mt19937 draw;
  bool header;
  std::string file;
  Numbers values;
};

}  // namespace

TEST_CASE("a cell is a number, missing, or an error that says what it is") {
  std::vector<Case> cases;
  const std::pair<std::string, double> numbers[] = {{"1.5D+03", 1500},
                                                    {"1.5d-3", 0.0015},
                                                    {"2D2", 200},
                                                    {"\xe2\x88\x92"
                                                     "4.5",
                                                     -4.5},
                                                    {"+7", 7},
                                                    {".5", 0.5},
                                                    {"5.", 5},
                                                    {"1E5", 1e5},
                                                    {"inf", INFINITY},
                                                    {"-0", -0.0},
                                                    {"1e\xe2\x88\x92"
                                                     "2",
                                                     0.01}};
  for (const auto& [cell, value] : numbers)
    cases.push_back({"a,b\n1,2\n" + cell + ",3\n", {"a", "b"}, {1, 2, value, 3}});
  const std::pair<const char*, const char*> odd[] = {{"$12", "an amount of money"},
                                                     {"12 \xe2\x82\xac", "an amount of money"},
                                                     {"-\xc2\xa3"
                                                      "3.50",
                                                      "an amount of money"},
                                                     {"\"$1,200.50\"", "an amount of money"},
                                                     {"12%", "a percentage"},
                                                     {"0.5 %", "a percentage"},
                                                     {"1_000", "a number with underscores"},

                                                     {"\"1,234,567.5\"", "a number with thousands separators"},
                                                     {"1 000", "a number with thousands separators"},
                                                     {"12'345", "a number with thousands separators"},
                                                     {"\"1.234.567\"", "a number with thousands separators"},

                                                     {"0x1F", "a hexadecimal number"},
                                                     {"(12)", "a number in parentheses"},
                                                     {"1e999", "a number outside the range of float64"},
                                                     {"1e-999", "a number outside the range of float64"}};
  for (const auto& [cell, what] : odd) {
    cases.push_back(refused("a,b\n1,2\n" + std::string(cell) + ",3\n1,4\n",
                            std::string("f:3:1: ") + what + ", not a plain number, in column 'a'"));
    // A column that has nothing else is an error as well, not text.
    cases.push_back(refused("b,a\n1," + std::string(cell) + "\n2," + cell + "\n", "leave the column out by --drop a"));
  }
  for (const char* text : {"x7", "12kg", "1.5.2", "--5", "1e", "TRUE", "12:30", "2020-01-02", "e5", "D5"})
    cases.push_back(refused("a,b\n1,2\n" + std::string(text) + ",3\n",
                            "f:3:1: not a number in column 'a': '" + std::string(text) +
                                "'. Correct it, name it by --missing-values usual," + text));
  check(cases);
}

TEST_CASE("the usual words for a missing value are an error or drop their rows") {
  std::vector<Case> cases;
  for (const std::string word :
       {"",  "NA", "na",   "N/A",     "<NA>",    "NaN",     "-nan", "null", "NULL", "None", "-",           "--",
        ".", "?",  "#N/A", "#DIV/0!", "1.#QNAN", "-1.#IND", "n.a.", "NaT",  "\\N",  "\"\"", "\xe2\x80\x93"}) {
    const std::string text = "a,b\n1,2\n" + word + ",4\n5,6\n";
    cases.push_back(refused(text, "f:3:1: missing value in column 'a'"));
    cases.push_back(refused(text, "drop such rows by --missing drop-rows"));
    cases.push_back({text, {"a", "b"}, {1, 2, 5, 6}, "", {.missing = Missing::drop_rows}});
  }
  // Words of the user's, instead of the usual ones or beside them.
  const CsvOptions own{.missing = Missing::drop_rows, .missing_values = {"usual", "-999", "Bad"}};
  cases.push_back({"a,b\n1,2\n-999.0,3\nbad,4\nNA,5\n6,7\n", {"a", "b"}, {1, 2, 6, 7}, "", own});
  cases.push_back(
      refused("a,b\n1,2\nNA,3\n", "not a number", {.missing = Missing::drop_rows, .missing_values = {"x"}}));
  // Only columns that are kept count.
  cases.push_back({"a,b,c\n1,,2\n3,4,5\n", {"a", "c"}, {1, 2, 3, 5}, "", {.drop = {"b"}}});
  cases.push_back({"a,b,c\n1,,2\n3,4,5\n", {"c"}, {2, 5}, "", {.columns = {"c"}}});
  cases.push_back({"a,who,c\n1,,2\n3,Ann,5\n", {"a", "c"}, {1, 2, 3, 5}});
  cases.push_back({"a,void,c\n1,,2\n3,NA,5\n", {"a", "c"}, {1, 2, 3, 5}});
  check(cases);
  const Csv csv = parse_csv("a,b\n1,2\n,3\n4,?\n5,6\n", {.missing = Missing::drop_rows});
  CHECK(csv.dropped_rows == 2);
  CHECK(csv.notes == Names{"dropped rows with missing values: 2 of 4"});
}

TEST_CASE("a column is left out only if it was asked for or has no numbers") {
  const Csv csv = parse_csv("who,a,b,void\nAnn,1,2,\nBob,3,4,\n", {.drop = {"b"}, .drop_text = true});
  CHECK(csv.columns == Names{"a"});
  CHECK(csv.dropped == std::vector<DroppedColumn>{{"who", "text"}, {"b", "asked for"}, {"void", "no values"}});
  check({
      refused("a,b\n1,x\n2,y\n3,4\n", "f:2:3: not a number in column 'b': 'x'"),
      refused("a,who\n1,Ann\n", "f:2:3: not a number in column 'who'", {.columns = {"who"}}),
      refused("a,b\n1,2\n", "f has no column c, only a, b. Correct --columns c.", {.columns = {"a", "c"}}),
      refused("a,b\n1,2\n", "f has no column c, only a, b. Correct --drop c.", {.drop = {"c"}}),
      refused("a,a\n1,2\n", "f has two columns a", {.columns = {"a"}}),
      refused("a,b\n1,2\n", "Name it in one of them", {.columns = {"a"}, .drop = {"a"}}),
      {"a,b,c\n1,2,3\n", {"c", "a"}, {3, 1}, "", {.columns = {"c", "a"}}},
      {"a,b,c\n1,x,3\n4,5,6\n", {"a", "c"}, {1, 3, 4, 6}, "", {.columns = {"a", "c"}}},
  });
}

TEST_CASE("the separator is detected in all of the first rows") {
  const Names ab = {"a", "b"};
  check({
      {"a;b\n1;2\n3;4\n", ab, {1, 2, 3, 4}},
      {"a\tb\n1\t2\n", ab, {1, 2}},
      {"a|b\n1|2\n3|4\n", ab, {1, 2, 3, 4}},
      {"a b\n1  2\n", ab, {1, 2}},
      {"a, b\n1, 2\n", ab, {1, 2}},
      {"name;note;x\nAnn;likes a, b;1\nBob;no, none;2\n", {"x"}, {1, 2}},
      {"first name\tage\nAnn Lee\t3\nBob Ray\t4\n", {"age"}, {3, 4}},
      {"\"a;1\",b\n1,2\n3,4\n", {"a;1", "b"}, {1, 2, 3, 4}},
      {"my col\n1\n2\n3\n", {"my col"}, {1, 2, 3}},
      {"my odd col\n1\n2\n", {"my odd col"}, {1, 2}},
      {"date,x\n2020-01-01 10:00,1.5\n2020-01-01 11:00,2.5\n", {"x"}, {1.5, 2.5}},
      {"a:b\n1:2\n", ab, {1, 2}, "", {.separator = ':'}},
      {"a b,c\n1,2\n", {"a b", "c"}, {1, 2}},
      {"x\n1\n2\n3\n", {"x"}, {1, 2, 3}},
      {"1\n2\n3\n", {"x1"}, {1, 2, 3}},
      {"1 2\n3 4\n", {"x1", "x2"}, {1, 2, 3, 4}},
      {"sep=;\na;b\n1;2\n", ab, {1, 2}},
      {"\"sep=|\"\r\na|b\r\n1|2\r\n", ab, {1, 2}},
      {"sep=,\na,b\n1,2\n", ab, {1, 2}},
      {"sep=:\na:b\n1:2\n", ab, {1, 2}},
      {"a;b\n1;2\n", ab, {1, 2}, "", {.separator = ';'}},
      refused("who num\nAnn 1,2\nBob 3,4\n", "f:2:5: a number with a decimal comma",
              {.separator = ' ', .decimal = '.'}),
      refused("Ann 1,2\nBob 3,4\n",
              "f can be read in two ways: line 2 is Bob 3 | 4 (separator comma, decimal point), or line 2 is Bob | 3,4 "
              "(separator space, decimal comma). Set --separator comma --decimal point, or --separator space --decimal "
              "comma."),
      refused("x\n1\n2\n3;4\n", "f:4:3: the row has 2 fields, but the first row has 1"),
      refused("a,b\n1,2\n3\n", "f:3:1: the row has 1 fields, but the first row has 2"),
      refused("a;b\n1;2\n3;4;5\n",
              "f:3:5: the row has 3 fields, but the first row has 2. Correct it, or set --separator"),
      refused("t x\n1 2\n3\n", "f:3:1: the row has 1 fields"),
      refused("a,b\n1,2\n\"3,4\n", "f:3:1: the quote that starts here is not closed"),
  });
}

TEST_CASE("decimal commas are detected, and commas that can be thousands are refused") {
  check({
      {"x;y\n1,5;2,5\n3,5;4\n", {"x", "y"}, {1.5, 2.5, 3.5, 4}},
      {"a;b;c\n1,5;2,25;3\n4,5;5,25;6\n", {"a", "b", "c"}, {1.5, 2.25, 3, 4.5, 5.25, 6}},
      {"a;b;c\n0,123;2,250;3\n4,500;5,250;6\n", {"a", "b", "c"}, {0.123, 2.25, 3, 4.5, 5.25, 6}},
      {"1,5;2,5\n3,5;4,5\n", {"x1", "x2"}, {1.5, 2.5, 3.5, 4.5}},
      {"x\ty\n1,5\t2,5\n", {"x", "y"}, {1.5, 2.5}},
      {"x y\n1,5 2,5\n", {"x", "y"}, {1.5, 2.5}},
      {"x|y\n1,5|2,5\n", {"x", "y"}, {1.5, 2.5}},
      {"x,y\n\"1,5\",\"2,5\"\n\"3,5\",4\n", {"x", "y"}, {1.5, 2.5, 3.5, 4}},
      {"x\n2,5\n3\n4,75\n", {"x"}, {2.5, 3, 4.75}},
      {"1,2\n3,4\n", {"x1", "x2"}, {1, 2, 3, 4}},
      {"x;y\n-1,5e3;\xe2\x88\x92"
       "2,5\n",
       {"x", "y"},
       {-1500, -2.5}},
      {"x;y\n1,234;5\n", {"x", "y"}, {1.234, 5}, "", {.decimal = ','}},
      {"a,b\n1.5,2\n\"1,5\",3\n1.25,4\n", {}, {}, "f:3:1: a number with a decimal comma"},
      refused("a,b\n1,2\n\"1,000\",3\n1,4\n", "f:3:1: the comma in 1,000 can mark decimals or thousands."),
      refused("a,b\n1.5,2\n\"1,000\",3\n", "f can be read in two ways"),
      refused("a,b\n1.5,2\n2.5,2\n\"1,000\",3\n", "f:4:1: a number with thousands separators"),
      refused("x;y\n1,234;5\n2,500;6\n",
              "f:2:1: the comma in 1,234 can mark decimals or thousands. Set --decimal comma"),
      refused("x;y\n1,234;5\n", "f:2:1: a number with thousands separators", {.decimal = '.'}),
      {"x;y\n1234,567;5\n", {"x", "y"}, {1234.567, 5}},
      refused("x;y\n1234,567;5\n", "f:2:1: a number with a decimal comma", {.decimal = '.'}),
      refused("x;y\n1,5;5\n", "f:2:1: a number with a decimal comma", {.decimal = '.'}),
      refused("1,2\n3\n4,5\n", "f:2:1: the row has 1 fields, but the first row has 2"),
      {"1,2\n3\n4,5\n", {"x1"}, {1.2, 3, 4.5}, "", {.decimal = ','}},
      refused("x;y\n1.5;2,5\n", "can be read in two ways"),
      refused("x;y\n1,5;2,5\n2,5;1.234,5\n", "f:3:5: a number with thousands separators"),
      refused("x;y\n1,5;2,5\n2,5;1.25\n", "f:3:5: a number with a decimal point"),
      refused(
          "x\n1,5\n2,5\n",
          "f can be read in two ways: line 2 is 1 | 5 (separator comma, decimal point, the first field is the row's "
          "name), or line 2 is 1,5 (separator semicolon, decimal comma)."),
      {"x\n1,5\n2,5\n", {"x"}, {1.5, 2.5}, "", {.decimal = ','}},
      {"x\n1,5\n2,5\n", {"x"}, {5, 5}, "", {.separator = ','}},
  });
  CHECK(parse_csv("x;y\n1,5;2,5\n").notes == Names{"numbers have decimal commas"});
  CHECK(parse_csv("x;y\n1,5;2,5\n").dialect == "separator semicolon, decimal comma, header yes");
}

TEST_CASE("names are found in the first row or in a comment, and asked for if they can be numbers") {
  check({
      {"# t,x\n0,1\n2,3\n", {"t", "x"}, {0, 1, 2, 3}},
      {"# t x\n0 1\n2 3\n", {"t", "x"}, {0, 1, 2, 3}},
      {"# t,x\n0.0e+00 1.0e+00\n2 3\n", {"t", "x"}, {0, 1, 2, 3}},
      {"# written by Ann\n# t\n0\n2\n", {"t"}, {0, 2}},
      {"# written by Ann\n0\n2\n", {"x1"}, {0, 2}},
      {"# run 7, seed 3\n0,1\n2,3\n", {"run 7", "seed 3"}, {0, 1, 2, 3}},
      {"# one, two, three\n0,1\n2,3\n", {"x1", "x2"}, {0, 1, 2, 3}},
      {"# t,x\n\n0,1\n", {"x1", "x2"}, {0, 1}},
      {"# t,x\na,b\n0,1\n", {"a", "b"}, {0, 1}},
      {"# t,x\n0,1\n", {"x1", "x2"}, {0, 1}, "", {.header = Header::no}},
      {"5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa\n7.0,3.2,Iris-versicolor\n", {"x1", "x2"}, {5.1, 3.5, 4.9, 3, 7, 3.2}},
      {"-1,x\n2,y\n", {"x1"}, {-1, 2}},
      {"id,1990\n1,3\n2,4\n", {"id", "1990"}, {1, 3, 2, 4}, "", {.header = Header::yes}},
      {"1,2\n3,4\n", {"1", "2"}, {3, 4}, "", {.header = Header::yes}},
      {"\"1\",\"2\"\n\"3\",\"4\"\n", {"x1", "x2"}, {1, 2, 3, 4}},
      {"\"1990\",\"1991\"\n3,4\n", {"1990", "1991"}, {3, 4}},
      refused(
          "name,1990\nAnn,3\nBob,4\n",
          "f can be read in two ways: line 1, name | 1990, has the names of the columns, or it is the first row. Set "
          "--header yes, or --header no."),
      refused("x7,2\n3,4\n5,6\n", "f can be read in two ways"),
      refused("\"1\",\"2\"\n", "f can be read in two ways: line 1, 1 | 2, has the names"),
      refused("x7,2\n3,4\n5,6\n", "f:1:1: not a number", {.header = Header::no}),
      refused("1,NA\n2,3\n", "f:1:3: missing value"),
  });
}

TEST_CASE("units, row names, lines to skip and separators at the end of rows are no data") {
  std::string many = "a,b\n";
  for (int i = 0; i < 100; ++i) many += "1,2,\n";
  check({
      {"t,x\ns,m/s\n0,1\n2,3\n", {"t", "x"}, {0, 1, 2, 3}},
      {"t,x\n(s),\n0,1\n2,3\n", {"t", "x"}, {0, 1, 2, 3}},
      {"t;x\ns;m\n0,5;1\n2;3\n", {"t", "x"}, {0.5, 1, 2, 3}},
      {"t\ns\n1,5\n2,25\n", {"t"}, {1.5, 2.25}},
      refused("t,x\nNA,NA\n0,1\n", "f:2:1: missing value"),
      refused("t,x\ns,m\ns,m\n0,1\n", "f:3:1: not a number"),
      refused("t,x\ns,5\n0,1\n", "f:2:1: not a number"),
      {"x y\n1 0.5 2\n2 0.25 3\n", {"x", "y"}, {0.5, 2, 0.25, 3}},
      {"\"x\" \"y\"\n\"1\" 0.5 2\n\"2\" 0.25 3\n", {"x", "y"}, {0.5, 2, 0.25, 3}},
      {"\"x\",\"y\"\n\"Ann\",0.5,2\n\"Bob\",0.25,3\n", {"x", "y"}, {0.5, 2, 0.25, 3}},
      {"mpg\tcyl\nMazda RX4\t21\t6\nFiat 128\t32.4\t4\n", {"mpg", "cyl"}, {21, 6, 32.4, 4}},
      refused("x,y\n3,1,2\n9,3,4\n", "f:2:5: the row has 3 fields, but the first row has 2"),
      {",a\n0,5\n1,6\n", {"a"}, {5, 6}},
      {"Unnamed: 0,a\n0,5\n1,6\n", {"a"}, {5, 6}},
      {"a,b,\n1,2,\n3,4,\n", {"a", "b"}, {1, 2, 3, 4}},
      {"a,b\n1,2,\n3,4,\n", {"a", "b"}, {1, 2, 3, 4}},
      {"a,b,,,\n1,2,,,\n3,4,,,\n", {"a", "b"}, {1, 2, 3, 4}},
      {"1;2;\n3;4;\n", {"x1", "x2"}, {1, 2, 3, 4}},
      {"a,b,\n\"1\",1,2,\n\"2\",3,4,\n", {"a", "b"}, {1, 2, 3, 4}},
      {"1.5;\n2.5;\n", {"x1"}, {1.5, 2.5}},
      {"a,b,\n1,2\n3,4\n", {"a", "b"}, {1, 2, 3, 4}},
      refused(many + "3,4,5\n", "f:102:5: the row has 3 fields, but the first row has 2"),
      {"a,b\n1,2\n3,4,\n", {"a", "b"}, {1, 2, 3, 4}},
      {"Report of Ann\n\nx;y\n1;2\n", {"x", "y"}, {1, 2}, "", {.skip_lines = 1}},
      {"a,b\n1,2\n\n# end\n\n", {"a", "b"}, {1, 2}},
  });
  CHECK(parse_csv("t,x\ns,m\n0,1\n").notes == Names{"line 2 is taken for units: s | m"});
  CHECK(parse_csv("x y\n1 0.5 2\n2 1 3\n").dropped == std::vector<DroppedColumn>{{"rownames", "names of the rows"}});
  CHECK_THAT(error_of([] { parse_csv("Report\nx;y\n1;z\n", {.skip_lines = 1}, "f"); }), Catch::Contains("f:3:3"));
}

TEST_CASE("text is read in UTF-8 and UTF-16, compressed or not") {
  check({
      {utf16("a,b\r\n1,2\r\n", false), {"a", "b"}, {1, 2}},
      {utf16("a\tb\r\n1,5\t2\r\n", true), {"a", "b"}, {1.5, 2}},
      {literal("\xff\xfe\x3d\xd8\x00\xde\n\0\x31\0"), {"\xf0\x9f\x98\x80"}, {1}},
      {literal("\xff\xfe\xe9\0\n\0\x31\0"), {"\xc3\xa9"}, {1}},
      {"\xef\xbb\xbf\"a\",b\n1,2\n", {"a", "b"}, {1, 2}},
      refused(utf16("a,b\n1,2\n", false) + "3", "f: its UTF-16 text ends within a character"),
      refused(literal("\xff\xfe\x3d\xd8\n\0"), "half a character at byte 2"),
      refused(literal("a,b\n1,\0\n"), "f: is not text: line 2 has a zero byte"),
      refused("", "f has no rows"),
  });
  const TemporaryFolder folder;
  // printf 'a;b\n1,5;2\n' | gzip -n
  const std::string packed =
      literal("\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\xb4\x4e\xe2\x32\xd4\x31\xb5\x36\xe2\x02\0\x3f\x08\x0c\x6e\x0a\0\0\0");
  write_atomically(folder / "a.csv.gz", as_bytes(packed));
  CHECK(load_csv(folder / "a.csv.gz").values.values() == Numbers{1.5, 2});
}

TEST_CASE("columns of labels may be text") {
  const CsvOptions options{.labels = {"path", "Time"}, .drop_text = true};
  const Csv csv = parse_csv("time,Path,x\n0,run 1,5\n1,run 2,6\n", options);
  CHECK(csv.columns == Names{"time", "x"});
  CHECK(csv.values.values() == Numbers{0, 5, 1, 6});
  CHECK(csv.labels == std::map<std::string, Names>{{"Path", {"run 1", "run 2"}}});
  CHECK(csv.dropped.empty());
  const Csv mixed = parse_csv("path,x,who\n1,5,Ann\n2b,6,Bob\n", options);
  CHECK(mixed.labels.at("path") == Names{"1", "2b"});
  CHECK(mixed.dropped == std::vector<DroppedColumn>{{"who", "text"}});
  CsvOptions some = options;
  some.columns = {"y"};
  some.missing = Missing::drop_rows;
  const Csv part = parse_csv("path,x,y\na,bad,5\n,1,6\nb,2,7\n", some);
  CHECK(part.columns == Names{"y"});
  CHECK(part.labels.at("path") == Names{"a", "b"});
  CHECK(part.values.values() == Numbers{5, 7});
}

TEST_CASE("random tables in random dialects are read as written, or refused since they can be read in two ways") {
  int refusals = 0;
  for (uint32_t seed = 0; seed < 4000; ++seed) {
    const RandomTable table(seed);
    INFO(seed << "\n" << table.file);
    try {
      const Csv csv = parse_csv(table.file, {.drop_text = true});
      REQUIRE(csv.values.values() == table.values);
      CHECK(csv.named == table.header);
    } catch (const DataError& error) {
      ++refusals;
      CHECK_THAT(error.what(),
                 Catch::Contains("can be read in two ways") || Catch::Contains("can mark decimals or thousands"));
    }
  }
  CHECK(refusals < 160);
}

}  // namespace dimwise::csv_tables_tests
