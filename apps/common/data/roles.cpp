#include "apps/common/data/roles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "apps/common/data/dates.hpp"
#include "nn/io/npz.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"

namespace dimwise::app {

namespace {

using Names = std::vector<std::string>;

// A role, the flag that names its column, and the usual names.
struct Role {
  const char* name;
  const std::string RoleNames::*chosen;
  Names usual;
};
const std::vector<Role>& all_roles() {
  static const std::vector<Role> roles = {
      {"time", &RoleNames::time, {"t", "time", "date", "datetime", "timestamp"}},
      {"path", &RoleNames::path, {"path", "id"}},
      {"group", &RoleNames::group, {"group"}},
  };
  return roles;
}

// In upper or lower case, unless it is one letter: T beside t is a temperature.
bool is_usual(const Role& role, const std::string& name) {
  std::string lower = name;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::find(role.usual.begin(), role.usual.end(), name.size() == 1 ? name : lower) != role.usual.end();
}

bool has(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Csv from_npz(const std::string& path, const CsvOptions& options) {
  Names wanted = options.labels;
  wanted.emplace_back("x");
  const auto arrays = load_npz(path, wanted);
  const auto x = arrays.find("x");
  if (x == arrays.end() || x->second.rank() > 2 || x->second.rank() < 1)
    fail<DataError>("data", path, " has no array x of shape (rows,) or (rows, d).");
  const int64_t rows = x->second.dim(0);
  Csv table{.columns = {}, .values = {}, .named = true};
  std::vector<Tensor> parts;
  for (const auto& [name, array] : arrays) {
    if (name == "x") continue;
    table.columns.push_back(name);
    parts.push_back(reshape(astype(array, DType::float64), {array.size(), 1}));
  }
  parts.push_back(reshape(astype(x->second, DType::float64), {rows, x->second.rank() == 1 ? 1 : x->second.dim(1)}));
  for (const Tensor& part : parts)
    if (part.dim(0) != rows)
      fail<DataError>("data", path, ": x has ", rows, " rows, and t, path or group ", part.dim(0), '.');
  for (int64_t i = 1; i <= parts.back().dim(1); ++i) table.columns.push_back("x" + std::to_string(i));
  table.values = concat(parts, 1);
  select(table, options, path);
  return table;
}

class Reader {
 public:
  Reader(const std::string& path, CsvOptions options, const RoleNames& names, bool series)
      : path_(path), names_(names), asked_(options.columns) {
    for (const Role& role : all_roles()) {
      options.labels.insert(options.labels.end(), role.usual.begin(), role.usual.end());
      if (const std::string& chosen = names.*role.chosen; !chosen.empty()) options.labels.push_back(chosen);
    }
    if (path.ends_with(".npz")) {
      if (!options.names.empty()) fail<DataError>("data", path, " has names. Leave out --names.");
      table_ = from_npz(path, options);
    } else {
      table_ = read_table(path, options, series ? Names{} : Names{"t", "path"});
    }
  }

  Roles read() {
    Roles roles;
    roles.columns = contents();
    roles.dialect = table_.dialect;
    std::map<std::string, std::string> columns;
    for (const Role& role : all_roles())
      if (const auto column = column_of(role)) {
        check_once(*column);
        columns[role.name] = *column;
      }
    roles.components = components(columns);
    if (roles.components.empty())
      fail<DataError>("data", path_, " has columns ", contents(), ": none of them is x. Give a column of numbers.");
    std::vector<Tensor> parts;
    for (const std::string& name : roles.components) {
      check_once(name);
      parts.push_back(finite_column(name));
    }
    roles.x = stack(parts, 1);
    std::string text = "components: " + listed(roles.components);
    for (const Role& role : all_roles())
      if (columns.contains(role.name)) text += fmt::format("; {}: {}", role.name, columns[role.name]);
    if (!table_.dropped.empty()) text += "; left out: " + listed(table_.dropped);
    roles.remarks = {text};
    roles.remarks.insert(roles.remarks.end(), table_.notes.begin(), table_.notes.end());
    if (columns.contains("time")) roles.t = times(columns["time"], roles.remarks);
    if (columns.contains("path")) std::tie(roles.path, roles.path_labels) = numbered(columns["path"]);
    if (columns.contains("group")) roles.group = numbered(columns["group"]).first;
    return roles;
  }

 private:
  Names all_names() const {
    Names names = table_.columns;
    for (const auto& [name, cells] : table_.labels) names.push_back(name);
    return names;
  }

  std::string contents() const {
    return listed(all_names()) + (table_.dropped.empty() ? "" : " (and, left out, " + listed(table_.dropped) + ")");
  }

  std::optional<std::string> column_of(const Role& role) const {
    const Names all = all_names();
    if (const std::string& chosen = names_.*role.chosen; !chosen.empty()) {
      if (!has(all, chosen))
        fail<DataError>("data", path_, " has no column ", chosen, ", only ", contents(), ". Correct --", role.name,
                        '.');
      return chosen;
    }
    Names usual;
    for (const std::string& name : all)
      if (is_usual(role, name) && !has(asked_, name) && !has(usual, name)) usual.push_back(name);
    if (usual.size() > 1)
      fail<DataError>("data", path_, ": columns ", listed(usual), " can be the ", role.name, ". Name it by --",
                      role.name, '.');
    return usual.empty() ? std::nullopt : std::optional(usual[0]);
  }

  // Columns with a role, or with the usual name of one, are no components unless they are asked for.
  Names components(const std::map<std::string, std::string>& columns) {
    if (!asked_.empty()) {
      for (const std::string& name : asked_)
        if (std::count(asked_.begin(), asked_.end(), name) > 1) named_twice(name);
    }
    Names names;
    const auto taken = [&](const std::string& name) {
      return std::any_of(columns.begin(), columns.end(), [&](const auto& each) { return each.second == name; });
    };
    for (const std::string& name : all_names()) {
      const bool number = has(table_.columns, name);
      if (taken(name)) {
        if (has(asked_, name)) named_twice(name);
        continue;
      }
      const bool usual =
          std::any_of(all_roles().begin(), all_roles().end(), [&](const Role& role) { return is_usual(role, name); });
      if (has(asked_, name) || (asked_.empty() && number && !usual))
        names.push_back(name);
      else
        table_.dropped.push_back({name, usual ? "another one has its role" : "text"});
    }
    return names;
  }

  [[noreturn]] void named_twice(const std::string& name) const {
    fail<DataError>("data", path_, ": column ", name,
                    " is named twice. A column is the time, the path, the group or one component of x.");
  }
  void check_once(const std::string& name) const {
    const Names all = all_names();
    if (std::count(all.begin(), all.end(), name) > 1) named_twice(name);
  }

  Tensor finite_column(const std::string& name) const {
    const auto at = std::find(table_.columns.begin(), table_.columns.end(), name);
    Tensor column = dimwise::select(table_.values, 1, at - table_.columns.begin());
    const std::vector<double> values = column.values();
    const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
    if (bad != values.end())
      fail<DataError>("data", path_, ": row ", bad - values.begin() + 1, ", column ", name, " is ", *bad,
                      ". Remove such rows from the file: times may be irregular.");
    return column;
  }

  std::vector<double> times(const std::string& name, Names& remarks) const {
    const auto text = table_.labels.find(name);
    if (text == table_.labels.end()) return finite_column(name).values();
    DateTimes dates = date_times(text->second, path_ + ": column " + name);
    remarks.push_back(fmt::format("{} is in {} since {}", name, dates.unit, dates.start));
    return std::move(dates.since);
  }

  // The labels or numbers of a column, numbered in the order of first appearance, and each as text.
  using Numbered = std::pair<std::vector<int64_t>, Names>;
  Numbered numbered(const std::string& name) const {
    const auto text = table_.labels.find(name);
    return text == table_.labels.end() ? numbered_values(finite_column(name).values()) : numbered_values(text->second);
  }
  template <class T>
  static Numbered numbered_values(const std::vector<T>& values) {
    std::map<T, int64_t> seen;
    Numbered result;
    for (const T& v : values) {
      const auto [at, added] = seen.emplace(v, static_cast<int64_t>(seen.size()));
      if (added) result.second.push_back(fmt::format("{}", v));
      result.first.push_back(at->second);
    }
    return result;
  }

  const std::string& path_;
  const RoleNames& names_;
  Names asked_;
  Csv table_;
};

}  // namespace

Roles read_roles(const std::string& path, const CsvOptions& table, const RoleNames& names, bool series) {
  return Reader(path, table, names, series).read();
}

}  // namespace dimwise::app
