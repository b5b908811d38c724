#include <iostream>

#include "apps/cnf/commands.hpp"
#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cnf/saved_run.hpp"
#include "apps/common/run/run_folder.hpp"
#include "nn/io/csv.hpp"
#include "nn/io/npy.hpp"

namespace dimwise::app::cnf {

namespace {

struct SampleSettings {
  CommonFlags common{.out = "runs/cnf"};
  std::string weights = "best", file = "samples.csv";
  int64_t n = 1000;
  SolverSettings solver;
};

void write(const std::string& file, const std::vector<std::string>& columns, const Tensor& x) {
  if (file.ends_with(".npy")) return save_npy(file, x);
  save_csv(file, columns, x);
}

void draw(const SampleSettings& s) {
  if (!s.file.ends_with(".csv") && !s.file.ends_with(".npy"))
    fail<UsageError>("--file", "must end in .csv or .npy, not \"", s.file, "\".");
  const SavedRun saved = load_run(s.common.out, s.weights);
  const Tensor x = sample_model(saved.model, s.n, Rng(static_cast<uint64_t>(s.common.seed)).split("sample"),
                                flow_options(s.solver).ode);
  write_result("sample", "--file", [&] { write(s.file, column_names(saved.settings), x); });
  std::cout << s.n << " samples written to " << s.file << '\n';
}

}  // namespace

void add_sample(App& app) {
  const auto s = std::make_shared<SampleSettings>();
  Command& c = app.command("sample", "draws from a trained flow");
  c.example("sample --out runs/moons --n 10000 --file moons.csv", "Ten thousand points of the learned density");
  c.section("Run");
  add_out(c, s->common);
  c.add_choice("weights", s->weights, Words{"best", "average", "last"}, "the saved weights to use");
  c.add("n", s->n, "number of points", at_least_one);
  c.add("file", s->file, "where to write them, as .csv or .npy").placeholder = "FILE";
  add_seed(c, s->common.seed);
  add_integrator(c, s->solver);
  c.does([s](const Command&) { draw(*s); });
}

}  // namespace dimwise::app::cnf
