#include "apps/common/data/sha256.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

namespace dimwise::app {

std::string sha256(BytesView bytes) {
  std::array<unsigned char, 32> digest{};
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    fail<Error>("sha256", "libcrypto has no SHA-256. Check its configuration.");
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::string sha256_of_file(const std::string& path) { return sha256(read_file(path)); }

}  // namespace dimwise::app
