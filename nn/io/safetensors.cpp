#include "nn/io/safetensors.hpp"

#include <algorithm>
#include <locale>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>
#include <vector>

#include "autodiff/base/error.hpp"
#include "autodiff/node.hpp"
#include "nn/io/detail/safetensors_header.hpp"

namespace dimwise {

namespace {

constexpr uint64_t header_limit = 100'000'000;  // the limit of the format's specification

std::string quoted(const std::string& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    fail<ValueError>("safetensors", "a name or metadata text is not valid UTF-8.");
  }
}

}  // namespace

SafeTensors parse_safetensors(BytesView bytes, const std::string& name) {
  if (bytes.size() < 8) bad_file("safetensors", name, "ends inside its first eight bytes.");
  const uint64_t length = read_number<uint64_t>(bytes, std::endian::little);
  if (length > bytes.size() - 8 || length > header_limit)
    bad_file("safetensors", name, "a header of ", length, " bytes does not fit in a file of ", bytes.size(),
             ", or in the format's limit of ", header_limit, ".");
  SafeTensorsHeader header = parse_safetensors_header(as_text(bytes.subspan(8, length)), name);
  const BytesView data = bytes.subspan(8 + length);

  using Entry = std::pair<const std::string, SafeTensorsEntry>;
  std::vector<const Entry*> entries;
  for (const Entry& entry : header.entries) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(), [](const Entry* a, const Entry* b) {
    return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
  });
  SafeTensors result{{}, std::move(header.metadata)};
  uint64_t at = 0;
  for (const Entry* entry : entries) {
    const auto& [key, info] = *entry;
    const std::string tensor = name + ": tensor '" + key + "'";
    if (info.begin != at)
      bad_file("safetensors", tensor, "begins at byte ", info.begin,
               " of the data, which leaves a gap or overlaps: expected ", at, ".");
    if (info.end < info.begin || info.end > data.size())
      bad_file("safetensors", tensor, "is at bytes ", info.begin, " … ", info.end, " of ", data.size(), ".");
    const size_t size = checked_bytes("safetensors", tensor, info.shape, info.element, data.size() - info.begin);
    if (size != info.end - info.begin)
      bad_file("safetensors", tensor, "has ", info.end - info.begin, " bytes, but shape ", info.shape, " needs ", size,
               ".");
    result.tensors.emplace(key, decode(data.subspan(info.begin, size), info.element, std::endian::little, info.shape));
    at = info.end;
  }
  if (at != data.size()) bad_file("safetensors", name, data.size() - at, " bytes follow the last tensor.");
  return result;
}

SafeTensors load_safetensors(const std::string& path) { return parse_safetensors(read_file(path), path); }

Bytes to_safetensors(const std::map<std::string, Tensor>& tensors, const std::map<std::string, std::string>& metadata) {
  std::ostringstream header;
  header.imbue(std::locale::classic());  // a global locale may group digits
  const char* separator = "{";
  for (const auto& [key, text] : metadata) {
    header << (key == metadata.begin()->first ? "{\"__metadata__\":{" : ",") << quoted(key) << ':' << quoted(text);
    separator = "},";
  }
  for (const auto& [key, tensor] : tensors)
    if (!tensor.defined() || key == "__metadata__")
      fail<ValueError>("safetensors", "'", key, "' is undefined, or its name is reserved. Leave it out or rename it.");
  size_t end = 0;
  std::vector<Tensor> order;
  // Wider elements first, so that each is aligned to its size.
  for (const DType dtype : {DType::float64, DType::float32}) {
    for (const auto& [key, tensor] : tensors) {
      if (tensor.dtype() != dtype) continue;
      header << std::exchange(separator, ",") << quoted(key) << ":{\"dtype\":\""
             << (dtype == DType::float32 ? "F32" : "F64") << "\",\"shape\":[";
      for (int axis = 0; axis < tensor.rank(); ++axis) header << (axis ? "," : "") << tensor.dim(axis);
      header << "],\"data_offsets\":[" << end;
      end += static_cast<size_t>(tensor.size()) * bytes(dtype);
      header << ',' << end << "]}";
      order.push_back(tensor);
    }
  }
  header << (order.empty() ? metadata.empty() ? "{}" : "}}" : "}");
  std::string json = header.str();
  json.append((8 - json.size() % 8) % 8, ' ');
  if (json.size() > header_limit)
    fail<ValueError>("safetensors", "names and metadata take ", json.size(), " bytes; the format allows ", header_limit,
                     ".");

  Bytes out;
  out.reserve(8 + json.size() + end);
  for (uint64_t i = 0; i < 8; ++i) out.push_back(static_cast<std::byte>(json.size() >> (8 * i)));
  out.insert(out.end(), as_bytes(json).begin(), as_bytes(json).end());
  for (const Tensor& tensor : order) encode(tensor, out);
  return out;
}

void save_safetensors(const std::string& path, const std::map<std::string, Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  write_atomically(path, to_safetensors(tensors, metadata));
}

}  // namespace dimwise
