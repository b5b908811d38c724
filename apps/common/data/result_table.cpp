#include "apps/common/data/result_table.hpp"

#include <algorithm>
#include <iostream>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/run/run_folder.hpp"
#include "nn/io/csv.hpp"
#include "nn/io/npy.hpp"
#include "nn/io/npz.hpp"
#include "ops/layout.hpp"

namespace dimwise::app {

namespace {

// All columns of the parts side by side.
Tensor side_by_side(const std::vector<ResultPart>& parts) {
  std::vector<Tensor> blocks;
  for (const ResultPart& part : parts) {
    const Tensor values = astype(part.values, DType::float64);
    blocks.push_back(values.rank() == 1 ? unsqueeze(values, -1) : values);
  }
  return concat(blocks, 1);
}

std::vector<std::string> distinct_columns(const char* flag, const std::vector<ResultPart>& parts) {
  std::vector<std::string> columns;
  for (const ResultPart& part : parts)
    for (const std::string& name : part.columns) {
      if (std::find(columns.begin(), columns.end(), name) != columns.end())
        fail<UsageError>(flag, "two columns would have the name ", name, ". Write a .npz, which keeps them apart.");
      columns.push_back(name);
    }
  return columns;
}

std::map<std::string, Tensor> arrays_of(const std::vector<ResultPart>& parts) {
  std::map<std::string, Tensor> arrays;
  for (const ResultPart& part : parts) arrays.emplace(part.name, astype(part.values, DType::float64));
  return arrays;
}

}  // namespace

void ResultFile::check() const {
  if (path != "-" && !path.ends_with(".csv") && !path.ends_with(".npy") && !path.ends_with(".npz"))
    fail<UsageError>(flag, "must end in .csv, .npy or .npz, or be - for stdout, not \"", path, "\".");
}

void ResultFile::write(const std::vector<ResultPart>& parts) const {
  write_result(command, flag, [&] {
    if (path.ends_with(".npz")) return save_npz(path, arrays_of(parts));
    if (path.ends_with(".npy")) return save_npy(path, side_by_side(parts));
    const std::vector<std::string> columns = distinct_columns(flag, parts);
    if (path != "-") return save_csv(path, columns, side_by_side(parts));
    std::cout << to_csv(columns, side_by_side(parts));
  });
}

std::ostream& ResultFile::report() const { return path == "-" ? std::cerr : std::cout; }

}  // namespace dimwise::app
