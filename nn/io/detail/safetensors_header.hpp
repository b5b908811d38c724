#pragma once

#include <map>
#include <string>
#include <string_view>

#include "autodiff/base/shape.hpp"
#include "nn/io/detail/elements.hpp"

namespace dimwise {

/// One tensor of a .safetensors header; `begin` and `end` count from the first byte after the header.
struct SafeTensorsEntry {
  Element element = Element::f32;
  Shape shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct SafeTensorsHeader {
  std::map<std::string, SafeTensorsEntry> entries;
  std::map<std::string, std::string> metadata;
};

/// Reads the JSON of a .safetensors header; offsets are not checked against shapes here.
///
/// Throws DataError, with `name`, unless it follows the format's specification exactly: valid UTF-8, no duplicate key,
/// no unknown key or dtype, sizes that are plain integers.
SafeTensorsHeader parse_safetensors_header(std::string_view json, const std::string& name);

}  // namespace dimwise
