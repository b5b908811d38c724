#include "apps/common/data/table_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <iterator>

#include "apps/common/cli/lists.hpp"
#include "nn/io/npy.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"

namespace dimwise::app {

namespace {

constexpr size_t most_listed = 12;

template <class T>
T one_of(const std::string& word, const std::vector<std::pair<std::string, T>>& meanings) {
  return std::find_if(meanings.begin(), meanings.end(), [&](const auto& m) { return m.first == word; })->second;
}

// The place of a name, which must be one of `all`.
size_t place(const std::vector<std::string>& all, const std::string& name, const char* flag, const std::string& path) {
  const auto at = std::find(all.begin(), all.end(), name);
  if (at == all.end())
    fail<DataError>("data", path, " has no column ", name, ", only ", listed(all), ". Correct ", flag, ' ', name, '.');
  return static_cast<size_t>(at - all.begin());
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void select_columns(Csv& table, const CsvOptions& options, const std::string& path) {
  const std::vector<std::string> all = table.columns;
  for (const std::string& name : options.drop) place(all, name, "--drop", path);
  std::vector<int64_t> kept;
  for (const std::string& name : options.columns)
    kept.push_back(static_cast<int64_t>(place(all, name, "--columns", path)));
  for (size_t i = 0; i < all.size(); ++i) {
    const bool dropped = contains(options.drop, all[i]), asked = contains(options.columns, all[i]);
    if (dropped || !(options.columns.empty() || asked || contains(options.labels, all[i])))
      table.dropped.push_back({all[i], dropped ? "asked for" : "not named"});
    else if (!asked)
      kept.push_back(static_cast<int64_t>(i));
  }
  table.columns.clear();
  for (const int64_t i : kept) table.columns.push_back(all[static_cast<size_t>(i)]);
  table.values = index_select(table.values, 1, kept);
}

void drop_rows_with_nan(Csv& table) {
  const auto values = table.values.data<double>();
  const auto width = static_cast<size_t>(table.values.dim(1));
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < table.values.dim(0); ++i) {
    const auto row = values.subspan(static_cast<size_t>(i) * width, width);
    if (std::none_of(row.begin(), row.end(), [](double v) { return std::isnan(v); })) kept.push_back(i);
  }
  table.dropped_rows = table.values.dim(0) - static_cast<int64_t>(kept.size());
  if (table.dropped_rows == 0) return;
  table.notes.push_back(
      fmt::format("dropped rows with missing values: {} of {}", table.dropped_rows, table.values.dim(0)));
  table.values = index_select(table.values, 0, kept);
}

}  // namespace

void add_table(Command& c, TableSettings& s) {
  c.section("Table");
  c.add_choice("separator", s.separator, std::vector<std::string>{"auto", "comma", "semicolon", "tab", "bar", "space"},
               "between the fields of a text file; auto detects it in the first 100 rows");
  c.add_choice("decimal", s.decimal, std::vector<std::string>{"auto", "point", "comma"}, "decimal mark of a text file");
  c.add_choice("header", s.header, std::vector<std::string>{"auto", "yes", "no"},
               "whether the first line has the names of the columns");
  c.add("skip-lines", s.skip_lines, "lines at the start of the file that are not read", not_negative);
  c.add_choice("missing", s.missing, std::vector<std::string>{"error", "drop-rows"},
               "what to do about missing values: an error, or drop the rows that have one");
  c.add("missing-values", s.missing_values,
        "words for a missing value; usual stands for NA, NaN, null, None, -, ., ?, #N/A and their kind")
      .placeholder = "LIST";
  c.add("names", s.names, "column names for a file without any, such as t,path,group,x1").placeholder = "LIST";
  c.add("columns", s.columns, "the columns to learn, in this order; by default all that have numbers and no other role")
      .placeholder = "LIST";
  c.add("drop", s.drop, "columns to leave out").placeholder = "LIST";
}

CsvOptions csv_options(const TableSettings& s) {
  using Header = CsvOptions::Header;
  CsvOptions options;
  options.separator = one_of<char>(
      s.separator, {{"auto", '\0'}, {"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {"bar", '|'}, {"space", ' '}});
  options.decimal = one_of<char>(s.decimal, {{"auto", '\0'}, {"point", '.'}, {"comma", ','}});
  options.header = one_of<Header>(s.header, {{"auto", Header::detect}, {"yes", Header::yes}, {"no", Header::no}});
  options.skip_lines = s.skip_lines;
  options.missing = s.missing == "error" ? CsvOptions::Missing::error : CsvOptions::Missing::drop_rows;
  options.missing_values = words_of(s.missing_values);
  options.names = words_of(s.names);
  options.columns = words_of(s.columns);
  options.drop = words_of(s.drop);
  options.drop_text = options.as_flags = true;
  return options;
}

Csv read_table(const std::string& path, const CsvOptions& options, const std::vector<std::string>& first) {
  if (path == "-") return parse_csv(std::string(std::istreambuf_iterator<char>(std::cin), {}), options, "stdin");
  if (!path.ends_with(".npy")) return load_csv(path, options);
  Csv table;
  table.values = astype(load_npy(path), DType::float64);
  if (table.values.rank() != 2)
    fail<DataError>("data", path, " has shape ", table.values.shape(), ". It must be (rows, columns).");
  const auto width = static_cast<size_t>(table.values.dim(1));
  if (!options.names.empty() && options.names.size() != width)
    fail<DataError>("data", path, " has ", width, " columns, but there are ", options.names.size(),
                    " names. Correct --names.");
  table.columns = options.names.empty() ? first : options.names;
  for (size_t i = table.columns.size(); i < width; ++i)
    table.columns.push_back("x" + std::to_string(i + 1 - first.size()));
  table.columns.resize(width);
  table.named = !options.names.empty();
  select(table, options, path);
  return table;
}

void select(Csv& table, const CsvOptions& options, const std::string& path) {
  select_columns(table, options, path);
  if (options.missing == CsvOptions::Missing::drop_rows) drop_rows_with_nan(table);
}

std::string listed(const std::vector<std::string>& names) {
  if (names.size() <= most_listed) return fmt::format("{}", fmt::join(names, ", "));
  return fmt::format("{}, ... {} ({} columns)", fmt::join(names.begin(), names.begin() + 3, ", "), names.back(),
                     names.size());
}

std::string listed(const std::vector<DroppedColumn>& columns) {
  std::vector<std::string> names;
  for (const DroppedColumn& column : columns)
    names.push_back(fmt::format("{} ({})", column.name.empty() ? "a column without a name" : column.name, column.why));
  return listed(names);
}

}  // namespace dimwise::app
