#include "apps/cnf/given.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cli/lists.hpp"
#include "ops/index.hpp"

namespace dimwise::app::cnf {

void add_given(Command& c, std::string& given) {
  c.add("given", given, "values of the given columns of a conditional density, as a=1.5,b=0").placeholder = "LIST";
}

Tensor given_values(const TrainSettings& run, const std::string& text) {
  const std::vector<std::string> names = given_names(run);
  if (names.empty() && text.empty()) return {};
  if (names.empty())
    fail<UsageError>("--given", "is for runs that were trained with --given, and this one was not. Leave it out.");
  const std::string expected = fmt::format(" Give {}=X.", fmt::join(names, "=X,"));
  std::vector<std::optional<double>> values(names.size());
  for (const std::string& word : words_of(text)) {
    const size_t equal = word.rfind('=');
    const auto at = std::find(names.begin(), names.end(), word.substr(0, equal));
    if (equal == std::string::npos || at == names.end())
      fail<UsageError>("--given", "\"", word, "\" is no value of ", listed(names), ".", expected);
    std::optional<double>& value = values[static_cast<size_t>(at - names.begin())];
    if (value) fail<UsageError>("--given", *at, " has two values.", expected);
    make_setting("", value.emplace(), "").read("--given " + *at, word.substr(equal + 1));
  }
  std::vector<double> all;
  for (size_t i = 0; i < names.size(); ++i) {
    if (!values[i])
      fail<UsageError>("--given", "the density is conditional on ", names[i], ", which has no value.", expected);
    all.push_back(*values[i]);
  }
  return tensor(all, DType::float64);
}

Tensor given_rows(const TrainSettings& run, const std::string& path, const TableSettings& table) {
  const std::vector<std::string> names = given_names(run);
  if (names.empty())
    fail<UsageError>("--given-from", "is for runs that were trained with --given, and this one was not. Leave it out.");
  const Csv csv = read_table(path, csv_options(table));
  std::vector<int64_t> order;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto at = std::find(csv.columns.begin(), csv.columns.end(), names[i]);
    const bool found = csv.named ? at != csv.columns.end() : csv.columns.size() == names.size();
    if (!found)
      fail<DataError>("--given-from", path, " has the columns ", listed(csv.columns),
                      ", but the density is conditional on ", listed(names),
                      ". Give a file with these columns of numbers.");
    order.push_back(csv.named ? at - csv.columns.begin() : static_cast<int64_t>(i));
  }
  Tensor rows = index_select(csv.values, 1, order);
  const auto values = rows.data<double>();
  const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
  if (bad != values.end())
    fail<DataError>("--given-from", path, ": row ", (bad - values.begin()) / rows.dim(1) + 1, " has the value ", *bad,
                    ". Remove such rows.");
  if (rows.dim(0) == 0) fail<DataError>("--given-from", path, " has no rows. Give a row for each sample.");
  return rows;
}

}  // namespace dimwise::app::cnf
