#include <sstream>
#include <string>

#include "apps/common/cli/config_file.hpp"
#include "nn/io/bytes.hpp"
#include "tests/fuzz/fuzz.hpp"

DIMWISE_FUZZ(bytes) {
  std::istringstream in{std::string(dimwise::as_text(bytes))};
  dimwise::app::read_config(in, "fuzz.toml");
}
