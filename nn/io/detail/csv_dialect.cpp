#include "nn/io/detail/csv_dialect.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "autodiff/base/error.hpp"
#include "nn/io/detail/csv_cells.hpp"
#include "nn/io/detail/csv_reading.hpp"

namespace dimwise {

namespace {

// The cells of a row, as an error shows them.
std::string shown(const std::vector<CsvField>& row) {
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(row.size(), 5); ++i) text += (i > 0 ? " | " : "") + row[i].text;
  return text + (row.size() > 5 ? " | ..." : "");
}

// Steps over a line, and returns it without its end.
std::string_view take_line(std::string_view& text, size_t& line) {
  const size_t end = std::min(text.find_first_of("\r\n"), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + (text.substr(end, 2) == "\r\n" ? 2 : 1), text.size()));
  ++line;
  return taken;
}

// The separator in a line `sep=;`, as Excel reads and writes it.
std::optional<char> declared_separator(std::string_view line) {
  if (line.size() > 1 && line.front() == '"' && line.back() == '"') line = line.substr(1, line.size() - 2);
  if (line.size() != 5 || line.substr(0, 4) != "sep=") return std::nullopt;
  return line[4];
}

[[noreturn]] void ambiguous(const CsvReading& a, const CsvReading& b, const std::string& name) {
  const size_t row = a.rows.size() > 1 ? 1 : 0;
  const auto way = [&](const CsvReading& r) {
    return "line " + std::to_string(r.rows[row][0].line) + " is " + shown(r.rows[row]) + " (separator " +
           word_of_separator(r.separator) + ", decimal " + word_of_decimal(r.decimal) +
           (r.row_names ? ", the first field is the row's name)" : ")");
  };
  const auto set = [&](const CsvReading& r) {
    return csv_option(*r.options, "separator", word_of_separator(r.separator)) + " " +
           csv_option(*r.options, "decimal", word_of_decimal(r.decimal));
  };
  fail<DataError>("csv", name, " can be read in two ways: ", way(a), ", or ", way(b), ". Set ", set(a), ", or ", set(b),
                  ".");
}

bool better(const CsvReading& a, const CsvReading& b) {
  if (a.fits != b.fits) return a.fits;
  if (a.fits && a.share != b.share) return a.share > b.share;
  if (a.fits) return a.width != b.width ? a.width > b.width : a.numbers > b.numbers;
  if ((a.width > 1) != (b.width > 1)) return a.width > 1;
  return a.regular != b.regular ? a.regular > b.regular : a.share > b.share;
}

const CsvReading& best_of(const std::vector<CsvReading>& readings, const std::string& name) {
  const CsvReading& best = *std::min_element(readings.begin(), readings.end(), better);
  const auto as_good = [&](const CsvReading& other) {
    if (other.share != best.share || !other.fits) return false;
    return other.row_names || best.row_names || (other.width == best.width && other.numbers == best.numbers);
  };
  if (best.fits)
    for (const CsvReading& other : readings)
      if (as_good(other) && !same_table(best, other)) ambiguous(best, other, name);
  return best;
}

// A comma before three digits can mark decimals or thousands. Some other cell must tell.
void check_decimal_commas(const CsvReading& r, const std::string& name) {
  const CsvField* doubtful = nullptr;
  for (const auto& row : r.rows)
    for (const CsvField& cell : row) {
      if (cell.text.find(',') == std::string::npos || !parse_number(cell.text, ',')) continue;
      if (!may_be_thousands(cell.text)) return;
      if (!doubtful) doubtful = &cell;
    }
  if (doubtful)
    fail<DataError>("csv", name, ":", doubtful->line, ":", doubtful->column, ": the comma in ", doubtful->text,
                    " can mark decimals or thousands. Set ", csv_option(*r.options, "decimal", "comma"),
                    ", or write the numbers without thousands separators.");
}

// Whether a number is unlikely as a name: names that are numbers are years and the like.
bool unlikely_name(double value) { return !(value >= 0 && value < 1e5 && value == std::floor(value)); }

// What the first row is, by its cells beside those below. None if it can be names as well as data.
std::optional<bool> is_header(const CsvReading& r) {
  if (r.row_names) return true;
  const auto& top = r.rows[0];
  const auto text_or_quoted = [&](size_t j) { return top[j].quoted || r.kind(0, j) == CsvCell::text; };
  if (r.rows.size() == 1) {
    bool numbers = false;
    for (size_t j = 0; j < top.size(); ++j) {
      numbers = numbers || r.kind(0, j) == CsvCell::number;
      if (!top[j].quoted && r.kind(0, j) == CsvCell::number) return false;
    }
    return numbers ? std::nullopt : std::optional(true);
  }
  size_t names = 0, numbers = 0, texts = 0;
  bool data = false;
  for (size_t j = 0; j < top.size(); ++j) {
    bool counts = true, has_numbers = false, quoted = false, again = false;
    for (size_t i = 1; i < r.rows.size(); ++i) {
      if (j >= r.rows[i].size()) continue;
      const CsvField& cell = r.rows[i][j];
      const CsvCell kind = r.kind(i, j);
      has_numbers = has_numbers || kind == CsvCell::number || kind == CsvCell::odd_number;
      quoted = quoted || cell.quoted;
      again = again || cell.text == top[j].text;
      counts = counts && (cell.text == std::to_string(i) || cell.text == std::to_string(i - 1));
    }
    if (j == 0 && top[j].text.empty() && counts) return true;
    if (!has_numbers) {
      data = data || (again && !top[j].text.empty());
      texts += r.kind(0, j) == CsvCell::text;
    } else if (r.kind(0, j) == CsvCell::number && (!top[j].quoted || quoted)) {
      ++numbers;
      data = data || unlikely_name(*parse_number(top[j].text, r.decimal));
    } else {
      names += text_or_quoted(j);
    }
  }
  if (names > 0 && numbers == 0) return true;
  if (names == 0 && numbers > 0 && (data || texts == 0)) return false;
  if (names == 0 && numbers == 0) return texts > 0 && !data;
  return std::nullopt;
}

bool is_header(const CsvReading& r, const std::string& name) {
  if (r.options->header != CsvOptions::Header::detect) return r.options->header == CsvOptions::Header::yes;
  if (const std::optional<bool> found = is_header(r)) return *found;
  fail<DataError>("csv", name, " can be read in two ways: line ", r.rows[0][0].line, ", ", shown(r.rows[0]),
                  ", has the names of the columns, or it is the first row. Set ",
                  csv_option(*r.options, "header", "yes"), ", or ", csv_option(*r.options, "header", "no"), ".");
}

// Whether the row below the header has units: no numbers, and text above each column of numbers.
bool has_units(const CsvReading& r) {
  if (!r.can_have_units()) return false;
  bool text = false;
  for (size_t j = r.row_names ? 1 : 0; j < r.width && j < r.rows[1].size(); ++j) {
    bool numbers = false;
    for (size_t i = 2; i < r.rows.size(); ++i)
      numbers = numbers || (j < r.rows[i].size() && r.kind(i, j) == CsvCell::number);
    text = text || (numbers && r.kind(1, j) == CsvCell::text);
  }
  return text;
}

// Names in the comment above the first row, as numpy.savetxt writes them. None if it is something else.
std::vector<std::string> names_in_comment(const CsvReading& r) {
  const std::string unnamed;
  for (const char separator : {r.separator, ',', ';', '\t', ' '}) {
    std::vector<CsvField> fields;
    try {
      if (!CsvReader(r.comment, separator, unnamed).next(fields)) return {};
    } catch (const DataError&) {
      continue;
    }
    if (fields.size() != r.width) continue;
    std::vector<std::string> names;
    for (const CsvField& field : fields)
      if (kind_of(field, r.decimal, *r.options) == CsvCell::text) names.push_back(field.text);
    const bool sentence =
        r.width == 1 && r.comment.find_first_of(" \t", r.comment.find_first_not_of(" \t")) < r.comment.size();
    if (names.size() == r.width && !sentence) return names;
  }
  return {};
}

}  // namespace

std::string csv_option(const CsvOptions& options, std::string option, const std::string& value) {
  if (!options.as_flags) return option + " = " + value;
  std::replace(option.begin(), option.end(), '_', '-');
  return "--" + option + " " + value;
}

std::string word_of_separator(char separator) {
  switch (separator) {
    case ',':
      return "comma";
    case ';':
      return "semicolon";
    case '\t':
      return "tab";
    case '|':
      return "bar";
    case ' ':
      return "space";
    default:
      return std::string(1, separator);
  }
}

std::string word_of_decimal(char decimal) { return decimal == ',' ? "comma" : "point"; }

CsvDialect detect_dialect(std::string_view text, const CsvOptions& options, const std::string& name) {
  CsvDialect dialect{.rows = text};
  for (int64_t i = 0; i < options.skip_lines && !dialect.rows.empty(); ++i) take_line(dialect.rows, dialect.line);
  char separator = options.separator;
  std::string_view after = dialect.rows;
  size_t line = dialect.line;
  if (const std::optional<char> declared = declared_separator(take_line(after, line))) {
    if (separator == '\0') separator = *declared;
    dialect.rows = after;
    dialect.line = line;
  }
  std::vector<CsvReading> readings = possible_readings(dialect.rows, separator, options, dialect.line);
  if (separator == '\0') separator = ',';
  if (readings.empty()) readings = possible_readings(dialect.rows, separator, options, dialect.line);
  if (readings.empty()) {
    // Reading all of it says why: it has no rows, or its quotes are wrong.
    std::vector<CsvField> row;
    for (CsvReader reader(dialect.rows, separator, name, dialect.line); reader.next(row);) continue;
    fail<DataError>("csv", name, " has no rows.");
  }
  const CsvReading& r = best_of(readings, name);
  dialect.separator = r.separator;
  dialect.decimal = r.decimal;
  if (r.decimal == ',' && options.decimal == '\0') {
    check_decimal_commas(r, name);
    dialect.notes.emplace_back("numbers have decimal commas");
  }
  dialect.row_names = r.row_names;
  dialect.trailing = r.trailing;
  dialect.header = dialect.named = is_header(r, name);
  if (dialect.header) {
    if (r.row_names) dialect.names.emplace_back("rownames");
    for (const CsvField& field : r.rows[0]) dialect.names.push_back(field.text);
    dialect.units = has_units(r);
    if (dialect.units)
      dialect.notes.push_back("line " + std::to_string(r.rows[1][0].line) + " is taken for units: " + shown(r.rows[1]));
    return dialect;
  }
  if (options.header == CsvOptions::Header::detect) dialect.names = names_in_comment(r);
  dialect.named = !dialect.names.empty();
  if (dialect.named) dialect.notes.emplace_back("names are those in the comment above the numbers");
  for (size_t i = dialect.names.size() + 1; i <= r.rows[0].size(); ++i)
    dialect.names.push_back('x' + std::to_string(i));
  return dialect;
}

}  // namespace dimwise
