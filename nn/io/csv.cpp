#include "nn/io/csv.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "autodiff/base/error.hpp"
#include "autodiff/node.hpp"
#include "nn/io/bytes.hpp"
#include "nn/io/detail/csv_cells.hpp"
#include "nn/io/detail/csv_dialect.hpp"
#include "nn/io/detail/csv_fields.hpp"
#include "nn/io/detail/gzip.hpp"
#include "nn/io/detail/text_encoding.hpp"

namespace dimwise {

namespace {

using Names = std::vector<std::string>;

/// A column of the file while it is being read.
struct Column {
  std::string name;
  std::string dropped = {};  ///< why it is dropped; empty if it is not
  bool may_be_text = false;
  bool counts = true;  ///< 1, 2 … or 0, 1 … so far
  int64_t numbers = 0;
  std::optional<CsvField> missing = {}, odd = {}, text = {};  ///< the first of each
  Names cells = {};                                           ///< if it may be text

  bool is_text() const { return may_be_text && (text || odd); }
};

bool same_word(const std::string& a, const std::string& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

class Table {
 public:
  Table(std::string_view text, const CsvOptions& options, const std::string& name)
      : options_(options), name_(name), dialect_(detect_dialect(text, options, name)) {
    for (const std::string& each : dialect_.names) columns_.push_back({each});
    if (!options.names.empty()) rename();
    if (dialect_.row_names) columns_[0].dropped = "names of the rows";
    for (Column& column : columns_)
      column.may_be_text = std::any_of(options.labels.begin(), options.labels.end(),
                                       [&](const std::string& label) { return same_word(label, column.name); });
    choose();
  }

  void read() {
    CsvReader reader(dialect_.rows, dialect_.separator, name_, dialect_.line);
    std::vector<CsvField> row;
    if (dialect_.header) reader.next(row);
    if (dialect_.units) reader.next(row);
    while (reader.next(row)) add(row);
  }

  Csv result() {
    Csv csv;
    std::vector<size_t> kept;
    for (size_t i = 0; i < columns_.size(); ++i) {
      drop_unusable(columns_[i], i);
      if (!columns_[i].dropped.empty())
        csv.dropped.push_back({columns_[i].name, columns_[i].dropped});
      else
        kept.push_back(i);
    }
    check(kept);
    const std::vector<int64_t> rows = complete_rows(kept);
    csv.dropped_rows = rows_ - static_cast<int64_t>(rows.size());
    std::vector<size_t> numbers;
    for (const size_t i : kept) {
      if (!columns_[i].is_text()) {
        numbers.push_back(i);
        continue;
      }
      Names& labels = csv.labels[columns_[i].name];
      for (const int64_t row : rows) labels.push_back(columns_[i].cells[static_cast<size_t>(row)]);
    }
    in_order(numbers);
    for (const size_t i : numbers) csv.columns.push_back(columns_[i].name);
    csv.values = empty({static_cast<int64_t>(rows.size()), static_cast<int64_t>(numbers.size())}, DType::float64);
    auto* out = mutable_data<double>(csv.values);
    for (const int64_t row : rows)
      for (const size_t i : numbers) *out++ = values_[static_cast<size_t>(row) * columns_.size() + i];
    describe(csv);
    return csv;
  }

 private:
  std::string option(const char* name, const std::string& value) const { return csv_option(options_, name, value); }

  std::string list_of_columns() const {
    std::string list;
    for (const Column& column : columns_) list += (list.empty() ? "" : ", ") + column.name;
    return list;
  }

  void rename() {
    if (dialect_.named)
      fail<DataError>("csv", name_, " has the column names ", list_of_columns(),
                      ". Names are for a file without any: leave out ", option("names", "..."), ".");
    if (options_.names.size() != columns_.size())
      fail<DataError>("csv", name_, " has ", columns_.size(), " columns, but there are ", options_.names.size(),
                      " names. Correct ", option("names", "..."), ".");
    for (size_t i = 0; i < columns_.size(); ++i) columns_[i].name = options_.names[i];
  }

  Column& column(const std::string& wanted, const char* where) {
    Column* found = nullptr;
    for (Column& column : columns_) {
      if (column.name != wanted) continue;
      if (found) fail<DataError>("csv", name_, " has two columns ", wanted, ". Rename one to name it in ", where, ".");
      found = &column;
    }
    if (!found)
      fail<DataError>("csv", name_, " has no column ", wanted, ", only ", list_of_columns(), ". Correct ",
                      option(where, wanted), ".");
    return *found;
  }

  void choose() {
    for (const std::string& name : options_.drop) column(name, "drop").dropped = "asked for";
    if (options_.columns.empty()) return;
    for (Column& column : columns_)
      if (!column.may_be_text && column.dropped.empty() &&
          std::find(options_.columns.begin(), options_.columns.end(), column.name) == options_.columns.end())
        column.dropped = "not named";
    for (const std::string& name : options_.columns)
      if (Column& named = column(name, "columns"); named.dropped == "asked for")
        fail<DataError>("csv", name_, ": column ", name, " is both in ", option("columns", name), " and in ",
                        option("drop", name), ". Name it in one of them.");
      else
        named.dropped.clear();
  }

  /// Appends a row's numbers. A cell that is not a number is appended as NaN if it is missing, and noted.
  void add(std::vector<CsvField>& row) {
    while (dialect_.trailing && row.size() > columns_.size() && row.back().text.empty() && !row.back().quoted)
      row.pop_back();
    if (row.size() != columns_.size())
      fail<DataError>("csv", name_, ":", row[0].line, ":", row.back().column, ": the row has ", row.size(),
                      " fields, but the first row has ", columns_.size() - dialect_.row_names, ". Correct it, or set ",
                      option("separator", "..."), ", which is taken to be ", word_of_separator(dialect_.separator),
                      ".");
    for (size_t i = 0; i < row.size(); ++i) {
      values_.push_back(0);
      Column& column = columns_[i];
      if (!column.dropped.empty()) continue;
      note(column, row[i], values_.back());
      if (column.may_be_text) column.cells.push_back(row[i].text);
    }
    ++rows_;
  }

  void note(Column& column, const CsvField& cell, double& value) {
    if (says_missing(cell.text, options_.missing_values)) {
      value = std::numeric_limits<double>::quiet_NaN();
      column.counts = false;
      if (!column.missing) column.missing = cell;
    } else if (const std::optional<double> number = parse_number(cell.text, dialect_.decimal)) {
      value = *number;
      ++column.numbers;
      // The first row decides whether counting starts at 0 or 1.
      const double first = value - static_cast<double>(rows_);
      column.counts = column.counts && (first == 0 || first == 1) && (rows_ == 0 || first == start_of_count_);
      if (rows_ == 0 && column.counts) start_of_count_ = first;
    } else {
      column.counts = false;
      std::optional<CsvField>& first = odd_number(cell.text, dialect_.decimal).empty() ? column.text : column.odd;
      if (!first) first = cell;
    }
  }

  bool named(const Column& column) const {
    return std::find(options_.columns.begin(), options_.columns.end(), column.name) != options_.columns.end();
  }

  void drop_unusable(Column& column, size_t place) const {
    if (!column.dropped.empty() || rows_ == 0 || named(column)) return;
    const bool unnamed = column.name.empty() || column.name == "rownames" || column.name == "Unnamed: 0";
    if (place == 0 && dialect_.header && options_.drop_row_numbers && column.counts && unnamed)
      column.dropped = "row numbers";
    else if (column.numbers == 0 && !column.odd && options_.drop_text && !column.is_text())
      column.dropped = column.text ? "text" : "no values";
  }

  void check(const std::vector<size_t>& kept) const {
    for (const size_t i : kept) {
      const Column& column = columns_[i];
      if (!column.is_text() && (column.odd || column.text)) bad_cell(column);
      if (column.missing && options_.missing == CsvOptions::Missing::error) missing_cell(column, *column.missing);
    }
  }

  template <class... Advice>
  [[noreturn]] void refuse(const Column& column, const CsvField& cell, const std::string& what,
                           const Advice&... advice) const {
    fail<DataError>("csv", name_, ":", cell.line, ":", cell.column, ": ", what, " in column '", column.name, "': '",
                    cell.text, "'. ", advice..., ".");
  }

  [[noreturn]] void bad_cell(const Column& column) const {
    const bool odd = column.odd && (!column.text || column.odd->line < column.text->line);
    const CsvField& cell = odd ? *column.odd : *column.text;
    const std::string leave_out = "leave the column out by " + option("drop", column.name);
    if (odd)
      refuse(column, cell, odd_number(cell.text, dialect_.decimal) + ", not a plain number,",
             "Write plain numbers, or ", leave_out);
    refuse(column, cell, "not a number", "Correct it, name it by ", option("missing_values", "usual," + cell.text),
           " if it stands for a missing value, or ", leave_out);
  }

  [[noreturn]] void missing_cell(const Column& column, const CsvField& cell) const {
    refuse(column, cell, "missing value", "Fill it in, drop such rows by ",
           option("missing", options_.as_flags ? "drop-rows" : "drop_rows"), ", or leave the column out by ",
           option("drop", column.name));
  }

  /// The rows without missing values in the columns that are kept.
  std::vector<int64_t> complete_rows(const std::vector<size_t>& kept) const {
    std::vector<int64_t> rows;
    for (int64_t row = 0; row < rows_; ++row)
      if (std::none_of(kept.begin(), kept.end(),
                       [&](size_t i) { return std::isnan(values_[static_cast<size_t>(row) * columns_.size() + i]); }))
        rows.push_back(row);
    return rows;
  }

  /// Those that are asked for first, in the order in which they are.
  void in_order(std::vector<size_t>& numbers) const {
    const auto rank = [&](size_t i) {
      return std::find(options_.columns.begin(), options_.columns.end(), columns_[i].name) - options_.columns.begin();
    };
    std::stable_sort(numbers.begin(), numbers.end(), [&](size_t a, size_t b) { return rank(a) < rank(b); });
  }

  void describe(Csv& csv) const {
    csv.named = dialect_.named || !options_.names.empty();
    csv.dialect = "separator " + word_of_separator(dialect_.separator) + ", decimal " +
                  word_of_decimal(dialect_.decimal) + ", header " + (dialect_.header ? "yes" : "no");
    csv.notes = dialect_.notes;
    if (csv.dropped_rows > 0)
      csv.notes.push_back("dropped rows with missing values: " + std::to_string(csv.dropped_rows) + " of " +
                          std::to_string(rows_));
  }

  const CsvOptions& options_;
  const std::string& name_;
  CsvDialect dialect_;
  std::vector<Column> columns_;
  std::vector<double> values_;
  int64_t rows_ = 0;
  double start_of_count_ = 0;
};

}  // namespace

Csv parse_csv(std::string_view text, const CsvOptions& options, const std::string& name) {
  std::string storage;
  Table table(as_utf8(text, storage, name), options, name);
  table.read();
  return table.result();
}

Csv load_csv(const std::string& path, const CsvOptions& options) {
  Bytes bytes = read_file(path);
  if (is_gzip(bytes)) bytes = gunzip(bytes, path);
  return parse_csv(as_text(bytes), options, path);
}

std::string to_csv(const std::vector<std::string>& columns, const Tensor& values) {
  if (!values.defined() || values.rank() != 2 || values.dim(1) != static_cast<int64_t>(columns.size()) ||
      columns.empty())
    fail<ShapeError>("csv", columns.size(), " column names are given, but the values are ",
                     values.defined() ? values.shape().str() : "undefined",
                     ". Give a matrix with one name per column.");
  std::string text;
  for (const std::string& column : columns) {
    text += text.empty() ? "\"" : ",\"";
    for (const char c : column) text.append(c == '"' ? 2 : 1, c);
    text += '"';
  }
  size_t field = 0;
  for (const double value : values.values()) {
    char digits[32];
    text += field++ % columns.size() == 0 ? '\n' : ',';
    text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
  return text + '\n';
}

void save_csv(const std::string& path, const std::vector<std::string>& columns, const Tensor& values) {
  write_atomically(path, as_bytes(to_csv(columns, values)));
}

}  // namespace dimwise
