#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "autodiff/base/error.hpp"
#include "autodiff/node.hpp"
#include "nn/io/bytes.hpp"

namespace dimwise {

/// A folder that is removed with its contents.
struct TemporaryFolder {
  std::filesystem::path path;
  TemporaryFolder() {
    static std::atomic<int> count{0};
    path = std::filesystem::temp_directory_path() /
           ("dimwise-test-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
    std::filesystem::create_directories(path);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string operator/(const std::string& name) const { return path / name; }
  size_t entries() const {
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path)) ++count;
    return count;
  }
};

/// A text literal with its zero bytes.
template <size_t n>
std::string literal(const char (&text)[n]) {
  return std::string(text, n - 1);
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  const size_t size = static_cast<size_t>(a.size()) * bytes(a.dtype());
  const auto raw = [](const Tensor& x) -> const void* {
    return x.dtype() == DType::float32 ? static_cast<const void*>(x.data<float>().data()) : x.data<double>().data();
  };
  return size == 0 || std::memcmp(raw(a), raw(b), size) == 0;
}

/// The text of the Error that f throws, or nothing if it does not throw.
template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// Parses every prefix, every one-bit and some whole-byte changes of the first `changed` bytes of a valid sample;
/// returns how many of them were rejected. Any result except a value or an Error fails the test.
template <class F>
int refused_mutations(const std::string& sample, size_t changed, F&& parse) {
  int refused = 0;
  const auto attempt = [&](const std::string& text) {
    // A copy of exact size, so that a sanitizer detects any read beyond it.
    const Bytes copy(as_bytes(text).begin(), as_bytes(text).end());
    try {
      parse(BytesView(copy));
    } catch (const Error&) {
      ++refused;
    }
  };
  for (size_t length = 0; length < sample.size(); ++length) attempt(sample.substr(0, length));
  for (size_t at = 0; at < std::min(changed, sample.size()); ++at) {
    std::string mutant = sample;
    for (int bit = 0; bit < 8; ++bit) {
      mutant[at] = static_cast<char>(sample[at] ^ (1 << bit));
      attempt(mutant);
    }
    for (const char byte : {'\x00', '\xff', '\x7f', '0', '9', '-', '"', '\'', '(', '[', '{', '}', ','}) {
      mutant[at] = byte;
      attempt(mutant);
    }
  }
  return refused;
}

}  // namespace dimwise
