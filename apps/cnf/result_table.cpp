#include "apps/cnf/result_table.hpp"

#include <algorithm>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/run/run_folder.hpp"
#include "nn/io/csv.hpp"
#include "nn/io/npy.hpp"
#include "nn/io/npz.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::cnf {

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

std::vector<std::string> distinct_columns(const std::vector<ResultPart>& parts) {
  std::vector<std::string> columns;
  for (const ResultPart& part : parts)
    for (const std::string& name : part.columns) {
      if (std::find(columns.begin(), columns.end(), name) != columns.end())
        fail<UsageError>("--file", "two columns would have the name ", name, ". Write a .npz, which keeps them apart.");
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

void check_result_file(const std::string& file) {
  if (!file.ends_with(".csv") && !file.ends_with(".npy") && !file.ends_with(".npz"))
    fail<UsageError>("--file", "must end in .csv, .npy or .npz, not \"", file, "\".");
}

void write_result_table(const char* command, const std::string& file, const std::vector<ResultPart>& parts) {
  write_result(command, "--file", [&] {
    if (file.ends_with(".npz")) return save_npz(file, arrays_of(parts));
    if (file.ends_with(".npy")) return save_npy(file, side_by_side(parts));
    save_csv(file, distinct_columns(parts), side_by_side(parts));
  });
}

}  // namespace dimwise::app::cnf
