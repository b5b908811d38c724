#include "nn/io/safetensors.hpp"

#include "tests/fuzz/fuzz.hpp"

DIMWISE_FUZZ(bytes) { dimwise::parse_safetensors(bytes); }
