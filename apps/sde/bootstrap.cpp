#include <fmt/core.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/run/run_folder.hpp"
#include "apps/common/run/signals.hpp"
#include "apps/sde/commands.hpp"
#include "apps/sde/fit.hpp"
#include "apps/sde/model/replicates.hpp"
#include "nn/io/bytes.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::sde {

namespace {

struct BootstrapSettings {
  CommonFlags common{.out = "runs/sde"};
  int64_t replicates = 20;
};

void fit_replicates(const BootstrapSettings& s, const SavedRun& fit) {
  const StopSignals stop;  // between fits as well
  for (int64_t number = 1; number <= s.replicates; ++number) {
    FitSettings own = replicate_settings(fit, s.common.out, number);
    if (const auto done = find_checkpoint("auto", own.common.out); done && done->step >= fit.step) continue;
    own.common.quiet = s.common.quiet;
    own.common.no_progress = s.common.no_progress;
    if (!s.common.quiet) std::cerr << "replicate " << number << " of " << s.replicates << '\n';
    const auto interrupted = [&](int signal) {
      throw Interrupted(signal, fmt::format("{} of {} replicates are done; repeat the command to continue", number - 1,
                                            s.replicates));
    };
    if (stop.pending()) interrupted(stop.pending());
    try {
      run_fit(own, train_command(own));
    } catch (const Interrupted& stopped) {
      interrupted(stopped.signal());
    }
  }
}

// At the held-out observations, or at some of them.
struct Spread {
  std::vector<double> standard_error;  // the mean for each component
  std::vector<double> covered;         // share of the places where the truth is within two standard errors
};
Spread spread(const SavedRun& fit, const std::vector<Sde>& replicates, SdeCoefficient Sde::*which) {
  const Observations at = spread_rows(fit.data.test, most_scored);
  const Tensor &x = at.x, t = reshape(tensor(at.t, DType::float64), {x.dim(0), 1});
  const Tensor error = standard_errors(replicates, which, t, x);
  Spread result{mean(error, {0}).values(), {}};
  if (!fit.data.truth) return result;
  const Sde learned = equation(astype(fit.model, DType::float64));
  const Tensor off = abs((learned.*which)(t, x, 0)[0] - (fit.data.truth->sde.*which)(t, x, 0)[0]);
  result.covered = mean(astype(less_equal(off, 2.0 * error), DType::float64), {0}).values();
  return result;
}

void report(const BootstrapSettings& s, const SavedRun& fit, const std::vector<Sde>& replicates) {
  const Spread f = spread(fit, replicates, &Sde::drift), g = spread(fit, replicates, &Sde::diffusion);
  nlohmann::ordered_json j{{"checkpoint", fit.path},
                           {"replicates", replicates.size()},
                           {"columns", fit.data.test.columns},
                           {"drift_standard_error", f.standard_error},
                           {"diffusion_standard_error", g.standard_error}};
  if (fit.data.truth) {
    j["drift_within_two"] = f.covered;
    j["diffusion_within_two"] = g.covered;
  }
  write_result("bootstrap", "--out",
               [&] { write_atomically(result_folder(s.common.out) + "/bootstrap.json", as_bytes(j.dump(2) + "\n")); });
  if (s.common.json) {
    std::cout << j.dump() << '\n';
    return;
  }
  std::cout << fmt::format("{} replicates; mean standard errors at the held-out observations\n", replicates.size());
  const auto covered = [&](const Spread& of, size_t i) {
    return of.covered.empty() ? "" : fmt::format(" (the truth is within two at {:.0f} %)", 100 * of.covered[i]);
  };
  for (size_t i = 0; i < f.standard_error.size(); ++i)
    std::cout << fmt::format("{:<15} f {:.4f}{}, g {:.4f}{}\n", fit.data.test.columns[i], f.standard_error[i],
                             covered(f, i), g.standard_error[i], covered(g, i));
}

}  // namespace

void add_bootstrap(App& app) {
  const auto s = std::make_shared<BootstrapSettings>();
  Command& c = app.command("bootstrap", "fits bootstrap samples of the paths: standard errors of f and g");
  c.example("bootstrap --out runs/well --replicates 20", "Standard errors, which plot and grid then show");
  c.section("Run");
  add_out(c, s->common);
  c.add("replicates", s->replicates, "fits, each to as many paths drawn with replacement",
        Range{.min = 2, .max = 1000});
  add_verbosity(c, s->common);
  add_json(c, s->common);
  c.does([s](const Command&) {
    const SavedRun fit = load_run(s->common.out);
    fit_replicates(*s, fit);
    report(*s, fit, load_replicates(fit, s->common.out));
  });
}

}  // namespace dimwise::app::sde
