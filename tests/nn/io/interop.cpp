#include <cmath>
#include <nlohmann/json.hpp>

#include "nn/io/idx.hpp"
#include "nn/io/npy.hpp"
#include "nn/io/npz.hpp"
#include "nn/io/safetensors.hpp"
#include "tests/catch.hpp"
#include "tests/data.hpp"
#include "tests/nn/io/files.hpp"

namespace dimwise::interop_tests {

using nlohmann::json;

namespace {

// Valid files that are rejected on purpose: there are no complex tensors, and bytes after an array indicate damage.
const std::map<std::string, std::string> refused = {{"npy/valid/c8_2.npy", "dtype '<c8' is not supported"},
                                                    {"npy/valid/trailing_bytes.npy", "bytes follow the array"}};

std::map<std::string, Tensor> load(const std::string& path) {
  const std::string kind = std::filesystem::path(path).extension();
  if (kind == ".npz") return load_npz(path);
  if (kind == ".safetensors") return load_safetensors(path).tensors;
  return {{"array", kind == ".npy" ? load_npy(path) : load_idx(path)}};
}

double number(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (!value.is_string()) return value.get<double>();
  return value == "nan" ? NAN : value == "inf" ? INFINITY : -INFINITY;
}

void check_array(const Tensor& seen, const json& expected) {
  CHECK(seen.shape() == Shape(expected["shape"].get<std::vector<int64_t>>()));
  std::vector<double> values;
  for (const json& value : expected["values_row_major"]) values.push_back(number(value));
  CHECK(same_bits(seen, tensor(values, seen.shape(), seen.dtype())));
}

}  // namespace

TEST_CASE("every file of the interoperability collection is read or rejected as expected") {
  const std::string folder = test_data("interop/");
  int read = 0, rejected = 0;
  const Bytes bytes = read_file(folder + "expected.json");
  const json files = json::parse(as_text(bytes));
  for (const auto& [path, entry] : files.items()) {
    INFO(path << ": " << entry["note"]);
    std::map<std::string, Tensor> arrays;
    const std::string error = error_of([&, &file = path] { arrays = load(folder + file); });
    const auto known = refused.find(path);
    if (known != refused.end()) {
      CHECK_THAT(error, Catch::Contains(known->second));
    } else if (entry["expect"] == "ok") {
      REQUIRE(error == "");
      REQUIRE(arrays.size() == entry["arrays"].size());
      for (const auto& [name, expected] : entry["arrays"].items()) {
        REQUIRE(arrays.count(name) == 1);
        check_array(arrays.at(name), expected);
      }
      ++read;
    } else if (entry["expect"] == "reject") {
      CHECK_THAT(error, Catch::Contains(path));
      ++rejected;
    }
  }
  CHECK(read > 35);
  CHECK(rejected > 50);
}

}  // namespace dimwise::interop_tests
