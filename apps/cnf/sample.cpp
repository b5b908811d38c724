#include <algorithm>
#include <functional>
#include <iostream>

#include "apps/cnf/commands.hpp"
#include "apps/cnf/given.hpp"
#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cnf/saved_run.hpp"
#include "apps/common/data/result_table.hpp"
#include "apps/common/run/long_job.hpp"
#include "ops/index.hpp"

namespace dimwise::app::cnf {

namespace {

struct SampleSettings {
  CommonFlags common{.out = "runs/cnf"};
  std::string weights = "best", file = "samples.csv", given, given_from;
  TableSettings table;
  int64_t n = 0;  // 0: 1000, or one of each row
  SolverSettings solver;
};

// The given columns of each sample; undefined without any.
Tensor given_of_samples(const SampleSettings& s, const TrainSettings& run) {
  if (s.given_from.empty()) {
    if (s.table != TableSettings{})
      fail<UsageError>("sample", "the flags of a table are for --given-from. Leave them out.");
    const Tensor values = given_values(run, s.given);
    return values.defined() ? broadcast_to(values, {s.n > 0 ? s.n : 1000, values.size()}) : values;
  }
  if (!s.given.empty()) fail<UsageError>("--given-from", "cannot be combined with --given. Give one of them.");
  const Tensor rows = given_rows(run, s.given_from, s.table);
  std::vector<int64_t> repeated;
  for (int64_t row = 0; row < rows.dim(0); ++row)
    repeated.insert(repeated.end(), static_cast<size_t>(std::max<int64_t>(s.n, 1)), row);
  return index_select(rows, 0, repeated);
}

void draw(const SampleSettings& s) {
  const ResultFile file{"sample", "--file", s.file};
  file.check();
  const SavedRun saved = load_run(s.common.out, s.weights);
  const Tensor given = given_of_samples(s, saved.settings);
  const int64_t n = given.defined() ? given.dim(0) : s.n > 0 ? s.n : 1000;
  LongJob job(s.common);
  const Tensor x = sample_model(std::bind_front(&LongJob::run, &job), saved.model, n, given,
                                Rng(static_cast<uint64_t>(s.common.seed)).split("sample"), flow_options(s.solver).ode);
  std::vector<ResultPart> parts{{"x", learned_names(saved.settings), x}};
  if (given.defined()) parts.insert(parts.begin(), {"given", given_names(saved.settings), given});
  file.write(parts);
  file.report() << n << " samples written to " << s.file << '\n';
}

}  // namespace

void add_sample(App& app) {
  const auto s = std::make_shared<SampleSettings>();
  Command& c = app.command("sample", "draws from a trained flow");
  c.example("sample --out runs/moons --n 10000 --file moons.csv", "Ten thousand points of the learned density");
  c.example("sample --out runs/heights --given age=30 --file thirty.csv", "Points of a conditional density");
  c.section("Run");
  add_out(c, s->common);
  c.add_choice("weights", s->weights, Words{"best", "average", "last"}, "the saved weights to use");
  c.add("n", s->n, "number of points; with --given-from, of each row", at_least_one).fallback = "1000; 1 of each row";
  add_given(c, s->given);
  c.add("given-from", s->given_from, "a .csv or .npy with the given columns, instead of --given").placeholder = "FILE";
  c.add("file", s->file, "where to write them, as .csv, .npy or .npz; - is stdout").placeholder = "FILE";
  add_seed(c, s->common.seed);
  add_threads(c, s->common, "cores to use; the samples do not depend on it");
  add_progress(c, s->common);
  add_table(c, s->table);
  add_integrator(c, s->solver);
  c.does([s](const Command&) { draw(*s); });
}

}  // namespace dimwise::app::cnf
