#include "apps/common/cnf/dataset.hpp"

#include <algorithm>
#include <cmath>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cli/lists.hpp"
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

// The table's columns, the given ones first.
void give(Csv& table, const std::vector<std::string>& given, const std::string& path) {
  std::vector<int64_t> order;
  for (const std::string& name : given) {
    const auto at = std::find(table.columns.begin(), table.columns.end(), name);
    if (at == table.columns.end())
      fail<DataError>("data", path, " has no column of numbers ", name, ", only ", listed(table.columns),
                      table.dropped.empty() ? "" : " (and, left out, " + listed(table.dropped) + ")",
                      ". The columns of --given must be in the file.");
    order.push_back(at - table.columns.begin());
  }
  for (size_t i = 0; i < table.columns.size(); ++i)
    if (std::find(given.begin(), given.end(), table.columns[i]) == given.end())
      order.push_back(static_cast<int64_t>(i));
  if (order.size() == given.size())
    fail<DataError>("data", path, " has no column beside ", listed(given),
                    ". Leave one out of --given, so that there is a density to learn.");
  const std::vector<std::string> all = table.columns;
  for (size_t i = 0; i < order.size(); ++i) table.columns[i] = all[static_cast<size_t>(order[i])];
  table.values = index_select(table.values, 1, order);
}

std::vector<std::string> given_columns(const DataSettings& s) {
  std::vector<std::string> given = words_of(s.given);
  for (const std::string& name : given)
    if (std::count(given.begin(), given.end(), name) > 1)
      fail<UsageError>("--given", name, " is named twice. Name each column once.");
  if (!given.empty() && s.transform != "none")
    fail<UsageError>("--given", "cannot be combined with --transform ", s.transform,
                     ", which would transform the given columns too. Transform the file beforehand.");
  return given;
}

// What --columns asks for, and the given columns.
CsvOptions options_of(const DataSettings& s, const std::vector<std::string>& given) {
  CsvOptions options = csv_options(s.table);
  for (const std::string& name : given)
    if (!options.columns.empty() &&
        std::find(options.columns.begin(), options.columns.end(), name) == options.columns.end())
      options.columns.push_back(name);
  return options;
}

std::string components(const DataRows& set, const std::vector<DroppedColumn>& dropped) {
  const auto learned = set.columns.begin() + set.given;
  std::string text = "components: " + listed(std::vector<std::string>(learned, set.columns.end()));
  if (set.given > 0) text += "; given: " + listed(std::vector<std::string>(set.columns.begin(), learned));
  return dropped.empty() ? text : text + "; left out: " + listed(dropped);
}

Dataset drawn(const Density& d, const DataSettings& s) {
  if (!s.given.empty())
    fail<UsageError>("--given", "is for the columns of a file, not for the density ", d.name, ". Leave it out.");
  const Rng rng = Rng(static_cast<uint64_t>(s.seed)).split("data");
  Dataset set;
  set.name = d.name;
  set.density = &d;
  set.columns = {"x1", "x2"};
  set.train = sample(d, rng.split("train"), density_rows, DType::float64);
  set.validation = sample(d, rng.split("validation"), density_rows / 4, DType::float64);
  set.test = sample(d, rng.split("test"), density_rows, DType::float64);
  return set;
}

}  // namespace

const Density* find_density(const std::string& name) {
  const auto& all = densities();
  const auto at = std::find_if(all.begin(), all.end(), [&](const Density& d) { return d.name == name; });
  return at == all.end() ? nullptr : &*at;
}

DataRows load_rows(const DataSettings& s) {
  std::vector<std::string> names;
  for (const Density& d : densities()) names.push_back(d.name);
  const bool from_stdin = s.data == "-";
  const std::string path =
      from_stdin ? s.data : find_data_file(s.data, "density", names, "a .csv or .npy of rows of numbers");
  const std::vector<std::string> given = given_columns(s);
  Csv table = read_table(path, options_of(s, given));
  if (!given.empty()) give(table, given, path);
  DataRows set;
  set.name = s.data;
  if (!from_stdin) set.sha256 = sha256_of_file(path);
  set.columns = table.columns;
  set.given = static_cast<int64_t>(given.size());
  set.named = table.named;
  set.dialect = table.dialect;
  set.remarks = table.notes;
  set.remarks.push_back(components(set, table.dropped));
  set.x = table.values;
  if (set.x.size() == 0)
    fail<DataError>("data", path, " has shape ", set.x.shape(), ": no numbers. Give rows of numbers.");
  const auto values = set.x.data<double>();
  if (const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
      bad != values.end())
    fail<DataError>("data", path, ": row ", (bad - values.begin()) / set.x.dim(1) + 1, ", column ",
                    (bad - values.begin()) % set.x.dim(1) + 1, " is ", *bad, ". Remove such rows.");
  if (s.transform == "log-returns") set.x = log_returns(set.x);
  return set;
}

Dataset load_dataset(const DataSettings& s) {
  if (const Density* d = find_density(s.data)) return drawn(*d, s);
  if (s.data == "-") fail<UsageError>("--data", "is -, but a run reads its data more than once. Save them to a file.");
  const DataRows all = load_rows(s);
  Dataset set{all, {}, {}, {}};
  const Tensor& x = all.x;
  if (s.validation + s.test >= 1)
    fail<UsageError>("command line", "--validation-share ", s.validation, " and --test-share ", s.test,
                     " leave nothing to train on. Make them smaller.");
  if (x.dim(0) < 4)
    fail<DataError>("data", all.name, " has ", x.dim(0),
                    " usable rows, too few for a training, a validation and a test part. Give more rows.");
  const Split parts = train_test_split(x.dim(0), s.validation, s.test, static_cast<uint64_t>(s.seed));
  if (parts.train.size() < 2 || parts.validation.empty() || parts.test.empty())
    fail<DataError>("data", all.name, " has ", x.dim(0),
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
