#include "nn/io/csv.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "autodiff/base/error.hpp"
#include "autodiff/node.hpp"
#include "nn/io/bytes.hpp"
#include "nn/io/detail/csv_fields.hpp"

namespace dimwise {

namespace {

/// A column of the file while it is being read.
struct Column {
  std::string name;
  bool left_out = false;
  bool counts = true;  ///< 1, 2 … or 0, 1 … so far
  std::optional<CsvField> missing, text;
};

bool is_header(const std::vector<CsvField>& row, CsvOptions::Header header) {
  if (header != CsvOptions::Header::detect) return header == CsvOptions::Header::yes;
  // An empty field suggests a header: a missing value in a data line is more likely to be NA.
  return std::any_of(row.begin(), row.end(), [](const CsvField& field) {
    return field.quoted || field.text.empty() || (!parse_number(field.text) && !says_missing(field.text));
  });
}

std::vector<Column> name_columns(const std::vector<CsvField>& row, bool header, const CsvOptions& options,
                                 const std::string& name) {
  std::vector<Column> columns(row.size());
  for (size_t i = 0; i < row.size(); ++i) columns[i].name = header ? row[i].text : 'x' + std::to_string(i + 1);
  for (const std::string& out : options.leave_out) {
    bool found = false;
    for (Column& column : columns)
      if (column.name == out) found = column.left_out = true;
    if (!found) fail<ValueError>("csv", name, " has no column '", out, "'. Correct the name in leave_out.");
  }
  return columns;
}

[[noreturn]] void bad_field(const std::string& name, const Column& column, const CsvField& field, const char* what) {
  fail<DataError>("csv", name, ":", field.line, ":", field.column, ": ", what, " in column '", column.name, "': '",
                  field.text, "'. Correct it, or leave the column out.");
}

/// Appends a row's numbers to `values`. A field that is not a number is appended as 0, and noted in its column.
void add_row(std::vector<Column>& columns, const std::vector<CsvField>& row, size_t number, const std::string& name,
             std::vector<double>& values) {
  if (row.size() != columns.size())
    fail<DataError>("csv", name, ":", row[0].line, ":", row.back().column, ": the row has ", row.size(),
                    " fields, but the first row has ", columns.size(), ".");
  for (size_t i = 0; i < row.size(); ++i) {
    Column& column = columns[i];
    const std::optional<double> value = parse_number(row[i].text);
    values.push_back(value.value_or(0));
    if (value) {
      // The first row decides whether counting starts at 0 or 1.
      column.counts =
          column.counts && *value - static_cast<double>(number) == values[i] && (values[i] == 0 || values[i] == 1);
    } else {
      column.counts = false;
      std::optional<CsvField>& note = says_missing(row[i].text) ? column.missing : column.text;
      if (!note) note = row[i];
    }
  }
}

bool is_row_numbers(const Column& column) {
  return column.counts && (column.name.empty() || column.name == "rownames");
}

}  // namespace

Csv parse_csv(std::string_view text, const CsvOptions& options, const std::string& name) {
  CsvReader reader(text, name);
  std::vector<CsvField> row;
  if (!reader.next(row)) fail<DataError>("csv", name, " has no rows.");
  const bool header = is_header(row, options.header);
  std::vector<Column> columns = name_columns(row, header, options, name);
  std::vector<double> all;
  int64_t rows = 0;
  for (bool more = !header || reader.next(row); more; more = reader.next(row))
    add_row(columns, row, static_cast<size_t>(rows++), name, all);

  Csv result;
  std::vector<size_t> kept;
  for (size_t i = 0; i < columns.size(); ++i) {
    const Column& column = columns[i];
    const bool numbers = i == 0 && header && rows > 0 && options.drop_row_numbers && is_row_numbers(column);
    if (column.left_out || numbers || (column.text && options.drop_text)) {
      result.dropped.push_back(column.name);
      continue;
    }
    if (column.text) bad_field(name, column, *column.text, "not a number, or outside the range of float64,");
    if (column.missing) bad_field(name, column, *column.missing, "missing value");
    result.columns.push_back(column.name);
    kept.push_back(i);
  }
  result.values = empty({rows, static_cast<int64_t>(kept.size())}, DType::float64);
  auto* out = mutable_data<double>(result.values);
  for (size_t begin = 0; begin < all.size(); begin += columns.size())
    for (const size_t i : kept) *out++ = all[begin + i];
  return result;
}

Csv load_csv(const std::string& path, const CsvOptions& options) {
  const Bytes bytes = read_file(path);
  return parse_csv(as_text(bytes), options, path);
}

void save_csv(const std::string& path, const std::vector<std::string>& columns, const Tensor& values) {
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
  text += '\n';
  write_atomically(path, as_bytes(text));
}

}  // namespace dimwise
