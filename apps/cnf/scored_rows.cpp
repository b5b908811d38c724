#include "apps/cnf/scored_rows.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <iostream>

#include "apps/cnf/commands.hpp"
#include "apps/common/cli/exit_code.hpp"
#include "ops/index.hpp"

namespace dimwise::app::cnf {

namespace {

void check_columns(const char* command, const DataSource& data, const SavedRun& run) {
  const std::vector<std::string> columns = column_names(run.settings);
  if (data.columns.size() != columns.size())
    fail<DataError>(command, data.name, " has ", data.columns.size(), data.columns.size() == 1 ? " column" : " columns",
                    ", but the model has ", columns.size(), ": ", listed(columns), ". Name them by --columns.");
  if (data.named && !run.settings.columns.empty() && data.columns != columns)
    fail<DataError>(command, data.name, " has the columns ", listed(data.columns), ", but the model has ",
                    listed(columns), ". Name them in this order by --columns.");
}

// A file that has the run's columns by name may have others.
void keep_columns_of_run(DataRows& data, const SavedRun& run) {
  const std::vector<std::string> wanted = column_names(run.settings);
  if (!data.named || run.settings.columns.empty() || data.columns == wanted) return;
  std::vector<int64_t> kept;
  for (const std::string& name : wanted) {
    const auto at = std::find(data.columns.begin(), data.columns.end(), name);
    if (at == data.columns.end()) return;
    kept.push_back(at - data.columns.begin());
  }
  data.remarks.push_back("scored are the columns of the model: " + listed(wanted));
  data.x = index_select(data.x, 1, kept);
  data.columns = wanted;
}

void say_remarks(const DataRows& data, const CommonFlags& flags) {
  if (flags.quiet) return;
  for (const std::string& remark : data.remarks) std::cerr << "data: " << remark << '\n';
  if (flags.verbose && !data.dialect.empty()) std::cerr << "data: " << data.dialect << '\n';
}

}  // namespace

void add_scored(Command& c, ScoreSettings& s) {
  add_out(c, s.common);
  add_data(c, s.data,
           "other data than the held-out rows of the training: a file (- is stdin), of which all rows are scored, or a "
           "density, of which the test part is");
  c.add_choice("weights", s.weights, Words{"best", "average", "last"}, "the saved weights to use");
  add_seed(c, s.common.seed);
  add_threads(c, s.common, "cores to use; the results do not depend on it");
  add_verbosity(c, s.common);
  add_json(c, s.common);
  add_table(c, s.table);
  add_solver(c, s.solver);
}

std::string ScoredRows::text() const {
  const bool held_out = train.defined() || source.density;
  return fmt::format("{}, {} {}rows", source.name, x.dim(0), held_out ? "held-out " : "");
}

ScoredRows load_scored(const char* command, const ScoreSettings& s, const SavedRun& run) {
  if (s.data.empty()) {
    if (s.table != TableSettings{})
      fail<UsageError>(command,
                       "the flags of a table are for --data. Without it, the data of the training are scored.");
    const Dataset data = load_dataset(run);
    return {data, data.test, data.train};
  }
  DataSettings source = run.settings.data;
  source.data = s.data;
  source.table = s.table;
  if (find_density(s.data)) {
    if (!source.given.empty())
      fail<UsageError>("--data", s.data, " has no column ", source.given,
                       ", on which the learned density is conditional. Give a file.");
    const Dataset data = load_dataset(source);
    check_columns(command, data, run);
    return {data, data.test, {}};
  }
  DataRows data = load_rows(source);
  if (s.table.columns.empty()) keep_columns_of_run(data, run);
  say_remarks(data, s.common);
  check_columns(command, data, run);
  return {data, data.x, {}};
}

RowScores score_rows(const ScoreSettings& s, const SavedRun& run, const Tensor& x) {
  FlowOptions options = flow_options(s.solver);
  options.noise = Rng(static_cast<uint64_t>(s.common.seed)).split("noise");
  LongJob job(s.common);
  return score_rows(std::bind_front(&LongJob::run, &job), run.model, x, options);
}

}  // namespace dimwise::app::cnf
