#include "nn/io/csv.hpp"

#include "nn/io/bytes.hpp"
#include "tests/fuzz/fuzz.hpp"

// The first byte chooses the options.
DIMWISE_FUZZ(bytes) {
  if (bytes.empty()) return;
  const int choice = std::to_integer<int>(bytes[0]);
  const auto chosen = [&](int bit) { return (choice >> bit & 1) != 0; };
  dimwise::CsvOptions options;
  options.drop_text = chosen(0);
  if (chosen(1)) options.missing = dimwise::CsvOptions::Missing::drop_rows;
  if (chosen(2)) options.header = dimwise::CsvOptions::Header::yes;
  if (chosen(3)) options.separator = ';';
  if (chosen(4)) options.decimal = ',';
  if (chosen(5)) options.labels = {"a", "t"};
  options.skip_lines = chosen(6) ? 1 : 0;
  dimwise::parse_csv(dimwise::as_text(bytes.subspan(1)), options);
}
