#include "nn/io/npy.hpp"

#include "tests/fuzz/fuzz.hpp"

DIMWISE_FUZZ(bytes) { dimwise::parse_npy(bytes); }
