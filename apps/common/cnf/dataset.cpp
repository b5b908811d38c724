#include "apps/common/cnf/dataset.hpp"

#include <algorithm>
#include <cmath>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/data/data_file.hpp"
#include "apps/common/data/sha256.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::cnf {

namespace {

constexpr int64_t density_rows = 20000;

Tensor log_returns(const Tensor& x) {
  const auto values = x.data<double>();
  const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return !(v > 0); });
  if (bad != values.end())
    fail<DataError>("data", "log-returns need positive values: row ", (bad - values.begin()) / x.dim(1) + 1,
                    ", column ", (bad - values.begin()) % x.dim(1) + 1, " is ", *bad, ". Use --transform none.");
  const Tensor y = log(x);
  return slice(y, 0, 1, y.dim(0)) - slice(y, 0, 0, y.dim(0) - 1);
}

}  // namespace

Dataset load_dataset(const DataSettings& s) {
  Dataset set;
  set.name = s.data;
  const Rng rng = Rng(static_cast<uint64_t>(s.seed)).split("data");
  for (const Density& d : densities())
    if (d.name == s.data) {
      set.density = &d;
      set.columns = {"x1", "x2"};
      set.train = sample(d, rng.split("train"), density_rows, DType::float64);
      set.validation = sample(d, rng.split("validation"), density_rows / 4, DType::float64);
      set.test = sample(d, rng.split("test"), density_rows, DType::float64);
      return set;
    }
  std::vector<std::string> names;
  for (const Density& d : densities()) names.push_back(d.name);
  const std::string path = find_data_file(s.data, "density", names, "a .csv or .npy of rows of numbers");
  const Csv table = read_table(path, csv_options(s.table));
  set.sha256 = sha256_of_file(path);
  set.columns = table.columns;
  set.named = table.named;
  set.dialect = table.dialect;
  set.remarks = table.notes;
  set.remarks.push_back("components: " + listed(table.columns) +
                        (table.dropped.empty() ? "" : "; left out: " + listed(table.dropped)));
  Tensor x = table.values;
  if (x.size() == 0) fail<DataError>("data", path, " has shape ", x.shape(), ": no numbers. Give rows of numbers.");
  const auto values = x.data<double>();
  if (const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
      bad != values.end())
    fail<DataError>("data", path, ": row ", (bad - values.begin()) / x.dim(1) + 1, ", column ",
                    (bad - values.begin()) % x.dim(1) + 1, " is ", *bad, ". Remove such rows.");
  if (s.transform == "log-returns") x = log_returns(x);
  if (s.validation + s.test >= 1)
    fail<UsageError>("command line", "--validation-share ", s.validation, " and --test-share ", s.test,
                     " leave nothing to train on. Make them smaller.");
  if (x.dim(0) < 4)
    fail<DataError>("data", path, " has ", x.dim(0),
                    " usable rows, too few for a training, a validation and a test part. Give more rows.");
  const Split parts = train_test_split(x.dim(0), s.validation, s.test, static_cast<uint64_t>(s.seed));
  if (parts.train.size() < 2 || parts.validation.empty() || parts.test.empty())
    fail<DataError>("data", path, " has ", x.dim(0),
                    " usable rows, too few for a training, a validation and a test part of the shares asked for. Give "
                    "more rows, or larger --validation-share and --test-share.");
  set.train = index_select(x, 0, parts.train);
  set.validation = index_select(x, 0, parts.validation);
  set.test = index_select(x, 0, parts.test);
  return set;
}

Batches::Batches(const Dataset& data, int64_t seed, int64_t size, DType dtype)
    : data_(data),
      rng_(Rng(static_cast<uint64_t>(seed)).split("batches")),
      size_(size),
      dtype_(dtype),
      loader_({.size = data.train.dim(0),
               .batch = std::min(size, data.train.dim(0)),
               .seed = static_cast<uint64_t>(seed),
               .drop_last = true}) {}

Tensor Batches::operator()(int64_t step) {
  if (data_.density) return sample(*data_.density, rng_.split(static_cast<uint64_t>(step)), size_, dtype_);
  return index_select(data_.train, 0, loader_.indices(step / loader_.batches(), step % loader_.batches()));
}

}  // namespace dimwise::app::cnf
