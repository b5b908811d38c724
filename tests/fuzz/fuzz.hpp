#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "autodiff/base/error.hpp"

/// A fuzz target: bytes that are refused by an Error are fine, any other exception and any report of a sanitizer is a
/// bug.
///
/// Example: `DIMWISE_FUZZ(bytes) { dimwise::parse_npy(bytes); }`
#define DIMWISE_FUZZ(bytes)                                                 \
  static void fuzz_one(std::span<const std::byte> bytes);                   \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { \
    try {                                                                   \
      fuzz_one(std::as_bytes(std::span(data, size)));                       \
    } catch (const dimwise::Error&) {                                       \
    }                                                                       \
    return 0;                                                               \
  }                                                                         \
  static void fuzz_one(std::span<const std::byte> bytes)
