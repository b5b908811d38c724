#include "nn/io/csv.hpp"

#include "nn/io/bytes.hpp"
#include "tests/fuzz/fuzz.hpp"

// The first byte chooses the options.
DIMWISE_FUZZ(bytes) {
  if (bytes.empty()) return;
  dimwise::CsvOptions options;
  options.drop_text = (std::to_integer<int>(bytes[0]) & 1) != 0;
  dimwise::parse_csv(dimwise::as_text(bytes.subspan(1)), options);
}
