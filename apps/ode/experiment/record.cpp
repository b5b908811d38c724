#include "apps/ode/experiment/record.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "apps/common/report/metrics.hpp"

namespace dimwise::app::ode {

namespace {

const char* const phases[] = {"forward", "adjoint"};

double sum(const std::vector<double>& values) {
  double total = 0;
  for (const double v : values) total += std::isnan(v) ? 0 : v;
  return total;
}

// 1234567 as 1,234,567.
std::string grouped(double value) {
  std::string digits = std::to_string(std::llround(value));
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

}  // namespace

void append(Values& values, const std::string& solver, const Measurement& m) {
  for (const char* phase : phases) {
    const SolveOutcome& taken = phase == phases[0] ? m.forward : m.adjoint;
    const OdeStatistics& s = taken.statistics;
    const auto put = [&](const char* what, auto value) {
      values.emplace_back(solver + " " + phase + " " + what, static_cast<double>(value));
    };
    put("evaluations", s.evaluations);
    put("diagonals", s.diagonals);
    put("jacobians", s.jacobians);
    put("iterations", s.iterations);
    put("steps", s.accepted);
    put("rejected", s.rejected);
    put("ending", static_cast<int>(taken.ending));
    put("seconds", taken.seconds);
  }
}

const std::vector<double>& Record::at(const std::string& name) const {
  const auto found = columns.find(name);
  if (found == columns.end())
    fail<DataError>("record", "metrics.jsonl has no '", name, "'. Was the run made with other --solvers?");
  return found->second;
}

Record read_record(const std::string& path) {
  if (!std::filesystem::exists(path)) fail<DataError>("record", "there is no ", path, ". Run dimwise-ode train first.");
  Record record;
  for (const nlohmann::json& line : read_metrics(path)) {
    record.step.push_back(line["step"].get<double>());
    for (const auto& [name, value] : line.items()) {
      if (name == "step") continue;
      auto& column = record.columns[name];
      column.resize(record.step.size() - 1, std::nan(""));
      column.push_back(value.is_number() ? value.get<double>() : std::nan(""));
    }
  }
  for (auto& [name, column] : record.columns) column.resize(record.step.size(), std::nan(""));
  return record;
}

std::vector<double> added(std::vector<double> a, const std::vector<double>& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

std::vector<double> f_alone(const Record& record, const std::string& solver, const std::string& phase) {
  return record.at(solver + " " + phase + " evaluations");
}

std::vector<double> f_and_d(const Record& record, const std::string& solver, const std::string& phase) {
  return added(f_alone(record, solver, phase), record.at(solver + " " + phase + " diagonals"));
}

double tenth(const std::vector<double>& values, bool last) {
  if (values.empty()) return 0;
  const size_t n = std::max<size_t>(1, values.size() / 10);
  const auto begin = last ? values.end() - static_cast<std::ptrdiff_t>(n) : values.begin();
  return std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(n), 0.0) / static_cast<double>(n);
}

Totals totals(const Record& record, const std::string& solver) {
  const auto total = [&](const std::string& what) { return sum(record.at(solver + " " + what)); };
  Totals t{.solver = solver,
           .f_forward = total("forward evaluations"),
           .f_adjoint = total("adjoint evaluations"),
           .d_forward = total("forward diagonals"),
           .d_adjoint = total("adjoint diagonals"),
           .jacobians = total("forward jacobians") + total("adjoint jacobians"),
           .steps = total("forward steps") + total("adjoint steps"),
           .seconds_forward = total("forward seconds"),
           .seconds_adjoint = total("adjoint seconds")};
  for (const char* phase : phases)
    for (const double e : record.at(solver + " " + phase + " ending"))
      t.unfinished += e == static_cast<double>(Ending::out_of_budget) || e == static_cast<double>(Ending::failed);
  const std::vector<double> both = added(f_and_d(record, solver, "forward"), f_and_d(record, solver, "adjoint"));
  t.early = tenth(both, false);
  t.late = tenth(both, true);
  return t;
}

std::string markdown(const std::vector<Totals>& all) {
  std::string text =
      "| solver | f + D | f | f forward | D forward | f adjoint | D adjoint | Jacobians | steps | seconds (forward + "
      "adjoint) | "
      "unfinished | f + D an iteration, first tenth → last |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Totals& t : all) {
    text += "| " + t.solver + " | " + grouped(t.f_and_d()) + " | " + grouped(t.f());
    for (const double v : {t.f_forward, t.d_forward, t.f_adjoint, t.d_adjoint, t.jacobians, t.steps})
      text += " | " + grouped(v);
    text += fmt::format(" | {:.1f} ({:.1f} + {:.1f}) | {:.0f} | {:.0f} → {:.0f} |\n", t.seconds(), t.seconds_forward,
                        t.seconds_adjoint, t.unfinished, t.early, t.late);
  }
  return text;
}

std::string json(const std::vector<Totals>& all) {
  auto list = nlohmann::ordered_json::array();
  for (const Totals& t : all)
    list.push_back({{"solver", t.solver},
                    {"f_forward", t.f_forward},
                    {"diagonals_forward", t.d_forward},
                    {"f_adjoint", t.f_adjoint},
                    {"diagonals_adjoint", t.d_adjoint},
                    {"jacobians", t.jacobians},
                    {"steps", t.steps},
                    {"seconds_forward", t.seconds_forward},
                    {"seconds_adjoint", t.seconds_adjoint},
                    {"unfinished", t.unfinished},
                    {"early", t.early},
                    {"late", t.late}});
  return list.dump();
}

}  // namespace dimwise::app::ode
