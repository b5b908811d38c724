#include <fmt/core.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/cnf/commands.hpp"
#include "apps/cnf/scored_rows.hpp"
#include "apps/common/data/result_table.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::cnf {

namespace {

struct ScoreFileSettings : ScoreSettings {
  std::string file = "scores.csv";
};

std::vector<ResultPart> parts_of(const Tensor& x, const RowScores& scores, const TrainSettings& run) {
  const int64_t given = run.model.net.context, all = x.dim(1);
  std::vector<ResultPart> parts;
  if (given > 0) parts.push_back({"given", given_names(run), slice(x, 1, 0, given)});
  parts.push_back({"x", learned_names(run), slice(x, 1, given, all)});
  parts.push_back({"log_prob", {"log_prob"}, tensor(scores.log_prob, DType::float64)});
  std::vector<std::string> base;
  for (int64_t i = 1; i <= all - given; ++i) base.push_back(fmt::format("z{}", i));
  parts.push_back({"z", base, scores.z});
  return parts;
}

void score_file(const ScoreFileSettings& s) {
  const ResultFile file{"score", "--file", s.file};
  file.check();
  const SavedRun run = load_run(s.common.out, s.weights);
  const ScoredRows data = load_scored("score", s, run);
  const RowScores scores = score_rows(s, run, data.x);
  file.write(parts_of(data.x, scores, run.settings));
  const Likelihood l = scores.likelihood();
  if (s.common.json)
    file.report()
        << nlohmann::ordered_json{{"checkpoint", run.path},   {"data", data.source.name},           {"rows", l.count},
                                  {"log_likelihood", l.mean}, {"standard_error", l.standard_error}, {"file", s.file}}
        << '\n';
  else
    file.report() << fmt::format("data             {}\n", data.text())
                  << fmt::format("log-likelihood   {} nats a row ({} trace)\n", with_error(l), s.solver.trace)
                  << fmt::format("{} scores written to {}\n", l.count, s.file);
}

}  // namespace

void add_score(App& app) {
  const auto s = std::make_shared<ScoreFileSettings>();
  Command& c = app.command("score", "writes the log-likelihood of each row and its point in the base of the flow");
  c.example("score --data new.csv --out runs/faithful --file scores.csv", "Score every row of another file");
  c.section("Run");
  c.add("file", s->file,
        "where to write the columns, log_prob in nats and z1, z2 ... of the base, as .csv, .npy or .npz; - is stdout")
      .placeholder = "FILE";
  add_scored(c, *s);
  c.does([s](const Command&) { score_file(*s); });
}

}  // namespace dimwise::app::cnf
