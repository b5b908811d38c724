#include "nn/io/npz.hpp"

#include "tests/fuzz/fuzz.hpp"

DIMWISE_FUZZ(bytes) { dimwise::parse_npz(bytes); }
