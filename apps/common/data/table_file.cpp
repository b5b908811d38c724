#include "apps/common/data/table_file.hpp"

#include "apps/common/cli/exit_code.hpp"
#include "nn/io/csv.hpp"
#include "nn/io/npy.hpp"
#include "nn/io/npz.hpp"
#include "ops/layout.hpp"

namespace dimwise::app {

void check_table_file(const char* flag, const std::string& file) {
  if (!file.ends_with(".csv") && !file.ends_with(".npy") && !file.ends_with(".npz"))
    fail<UsageError>(flag, "must end in .csv, .npy or .npz, not \"", file, "\".");
}

void write_table(const std::string& file, const std::vector<std::string>& columns, const Tensor& values) {
  if (file.ends_with(".npy")) return save_npy(file, values);
  if (file.ends_with(".csv")) return save_csv(file, columns, values);
  std::map<std::string, Tensor> arrays;
  for (size_t i = 0; i < columns.size(); ++i) arrays.emplace(columns[i], select(values, 1, static_cast<int64_t>(i)));
  save_npz(file, arrays);
}

}  // namespace dimwise::app
