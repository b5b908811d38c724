#include "nn/io/detail/csv_reading.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "autodiff/base/error.hpp"
#include "nn/io/detail/csv_cells.hpp"

namespace dimwise {

namespace {

constexpr size_t sampled_rows = 100;

using Rows = std::vector<std::vector<CsvField>>;

bool is_blank(const CsvField& cell) { return cell.text.empty() && !cell.quoted; }

size_t blanks_at_end(const std::vector<CsvField>& row) {
  return static_cast<size_t>(std::find_if_not(row.rbegin(), row.rend(), is_blank) - row.rbegin());
}

// The size of most rows from `first` on; of several, the largest.
size_t usual_size(const Rows& rows, size_t first) {
  std::map<size_t, size_t> counts;
  for (size_t i = first; i < rows.size(); ++i) ++counts[rows[i].size()];
  const auto more = [](const auto& a, const auto& b) { return a.second <= b.second; };
  return std::max_element(counts.begin(), counts.end(), more)->first;
}

bool has_other_separator(const CsvField& cell) {
  return !cell.quoted && cell.text.find_first_of(",;\t|") != std::string::npos;
}

// Whether the first fields of the rows below the header can be names of rows, as write.table of R writes them.
bool can_be_row_names(const Rows& rows) {
  bool quoted = true, text = true, counts = rows.size() > 2;
  for (size_t i = 0; i < rows.size(); ++i) {
    const CsvField& cell = rows[i][0];
    if (has_other_separator(cell)) return false;
    if (i == 0) continue;
    quoted = quoted && cell.quoted;
    text = text && !parse_number(cell.text);
    counts = counts && cell.text == std::to_string(i);
  }
  return quoted || text || counts;
}

void measure_shape(CsvReading& r) {
  const bool header = r.options->header != CsvOptions::Header::no && r.rows.size() > 1;
  const size_t first = header ? 1 : 0, size = usual_size(r.rows, first);
  size_t blanks = size - 1;
  for (size_t i = first; i < r.rows.size(); ++i)
    if (r.rows[i].size() == size) blanks = std::min(blanks, blanks_at_end(r.rows[i]));
  const size_t unnamed = header ? std::min(blanks_at_end(r.rows[0]), r.rows[0].size() - 1) : blanks;
  const size_t common = std::min(blanks, unnamed), named = (header ? r.rows[0].size() : size) - common;
  r.width = size - common;
  if (named < r.width && blanks - common >= r.width - named)
    r.width = named;
  else
    r.row_names = named + 1 == r.width && can_be_row_names(r.rows);
  r.trailing = r.width < size || (named > r.width && unnamed - common >= named - r.width);
  size_t regular = 0;
  for (size_t i = 0; i < r.rows.size(); ++i) {
    std::vector<CsvField>& row = r.rows[i];
    while (r.trailing && row.size() > r.width && is_blank(row.back())) row.pop_back();
    regular += row.size() + (i == 0 && r.row_names) == r.width;
  }
  r.regular = static_cast<double>(regular) / static_cast<double>(r.rows.size());
  r.fits = regular == r.rows.size();
}

void measure_numbers(CsvReading& r) {
  const bool header = r.options->header != CsvOptions::Header::no && r.rows.size() > 1;
  const bool units = header && r.can_have_units();
  size_t numbers = 0, others = 0;
  for (size_t i = 0; i < r.rows.size(); ++i)
    for (size_t j = r.row_names && i > 0 ? 1 : 0; j < r.rows[i].size(); ++j) {
      const CsvCell kind = r.kind(i, j);
      r.numbers += kind == CsvCell::number;
      if (i < (units ? 2U : header ? 1U : 0U)) continue;
      numbers += kind == CsvCell::number;
      others += kind == CsvCell::odd_number || kind == CsvCell::text;
    }
  if (numbers > 0) r.share = static_cast<double>(numbers) / static_cast<double>(numbers + others);
}

bool any_cell(const CsvReading& r, bool (*is)(const CsvField&)) {
  return std::any_of(r.rows.begin(), r.rows.end(),
                     [is](const auto& row) { return std::any_of(row.begin(), row.end(), is); });
}

bool has_decimal_comma(const CsvField& cell) {
  return cell.text.find(',') != std::string::npos && parse_number(cell.text, ',');
}

// Whether the separator is plausible, if it was not given.
bool is_plausible(const CsvReading& r) {
  if (r.separator == ',' && r.decimal == ',')
    return any_cell(r, [](const CsvField& cell) { return cell.quoted && has_decimal_comma(cell); });
  if (r.width > 1 || r.trailing) return true;
  // One column is the same with any separator. One of decimal commas looks like two columns, unless it has a name.
  if (r.separator != (r.decimal == ',' ? ';' : ',')) return false;
  if (r.decimal == ',' && r.options->decimal == '\0' && r.kind(0, 0) != CsvCell::text) return false;
  return !any_cell(r, [](const CsvField& cell) { return has_other_separator(cell) && !has_decimal_comma(cell); });
}

}  // namespace

CsvCell kind_of(const CsvField& cell, char decimal, const CsvOptions& options) {
  if (says_missing(cell.text, options.missing_values)) return CsvCell::missing;
  if (parse_number(cell.text, decimal)) return CsvCell::number;
  return odd_number(cell.text, decimal).empty() ? CsvCell::text : CsvCell::odd_number;
}

bool CsvReading::can_have_units() const {
  if (rows.size() < 3) return false;
  return std::all_of(rows[1].begin(), rows[1].end(), [this](const CsvField& cell) {
    const CsvCell kind = kind_of(cell, decimal, *options);
    const bool digit = std::isdigit(static_cast<unsigned char>(cell.text[0])) != 0;
    return kind == CsvCell::missing ||
           (kind == CsvCell::text && (!digit || cell.text.find_first_of("/^") != std::string::npos));
  });
}

std::vector<CsvReading> possible_readings(std::string_view text, char separator, const CsvOptions& options,
                                          size_t line) {
  const std::string separators = separator == '\0' ? ",;\t| " : std::string(1, separator);
  const std::string decimals = options.decimal == '\0' ? ".," : std::string(1, options.decimal);
  std::vector<CsvReading> readings;
  for (const char each : separators) {
    CsvReading split{.separator = each, .options = &options};
    try {
      const std::string unnamed;
      CsvReader reader(text, each, unnamed, line);
      std::vector<CsvField> row;
      while (split.rows.size() < sampled_rows && reader.next(row)) {
        if (split.rows.empty()) split.comment = reader.comment();
        split.rows.push_back(row);
      }
    } catch (const DataError&) {
      continue;
    }
    if (split.rows.empty()) continue;
    measure_shape(split);
    for (const char decimal : decimals) {
      CsvReading reading = split;
      reading.decimal = decimal;
      measure_numbers(reading);
      if (separator == '\0') {
        if (!is_plausible(reading)) continue;
        reading.fits = reading.fits && (reading.width > 1 || reading.share == 1);
      }
      readings.push_back(std::move(reading));
    }
  }
  return readings;
}

bool same_table(const CsvReading& a, const CsvReading& b) {
  const auto same = [&](const CsvField& x, const CsvField& y) {
    const std::optional<double> u = parse_number(x.text, a.decimal), v = parse_number(y.text, b.decimal);
    return u || v ? u == v : x.text == y.text;
  };
  return std::equal(a.rows.begin(), a.rows.end(), b.rows.begin(), b.rows.end(), [&](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), same);
  });
}

}  // namespace dimwise
