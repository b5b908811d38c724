#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/sde/commands.hpp"
#include "apps/sde/fit.hpp"

namespace dimwise::app::sde {

namespace {

void report(const FitSettings& s, const FitResult& r) {
  if (s.common.json) {
    nlohmann::ordered_json j{{"step", r.step}, {"checkpoint", r.checkpoint}};
    if (r.errors) {
      j["drift_error"] = r.errors->mean_drift;
      j["diffusion_error"] = r.errors->mean_diffusion;
    }
    std::cout << j << '\n';
    return;
  }
  if (r.errors)
    std::cout << "mean absolute error of f " << r.errors->mean_drift << ", of g " << r.errors->mean_diffusion << "; ";
  std::cout << r.step << " steps; saved " << r.checkpoint << '\n';
}

}  // namespace

void add_train(App& app) {
  const auto s = std::make_shared<FitSettings>();
  Command& c = app.command("train", "learns drift and diffusion from observations");
  c.example("train --data double-well --out runs/well", "A built-in system, simulated");
  c.example("train --data paths.csv --out runs/mine", "A table with columns t, path, x1 ...");
  c.example("train --data EuStockMarkets.csv --window 60 --transform log --initial start", "A series of prices");
  c.example("train --data double-well --out runs/well --resume", "Continue an interrupted run");
  add_settings(c, *s);
  c.does([s](const Command& self) { report(*s, run_fit(*s, self)); });
}

}  // namespace dimwise::app::sde
