#include "nn/io/idx.hpp"

#include "tests/fuzz/fuzz.hpp"

DIMWISE_FUZZ(bytes) { dimwise::parse_idx(bytes); }
