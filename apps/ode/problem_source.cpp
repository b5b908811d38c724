#include "apps/ode/problem_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cli/suggest.hpp"
#include "apps/common/cnf/saved_run.hpp"
#include "apps/common/run/saved_settings.hpp"
#include "apps/ode/formula.hpp"
#include "apps/ode/saved_run.hpp"

namespace dimwise::app::ode {

namespace {

OdeProblem named_problem(const std::string& name) {
  const auto& names = ode_problem_names();
  if (std::find(names.begin(), names.end(), name) != names.end()) return ode_problem(name);
  const std::string guess = did_you_mean(name, names);
  fail<UsageError>("--problem", "there is no problem \"", name, "\". ", guess, guess.empty() ? "" : " ",
                   "See dimwise-ode problems.");
}

OdeProblem model_problem(const ProblemSource& s) {
  const Checkpoint checkpoint = trained_checkpoint(s.model, "trained flow", "dimwise-cnf");
  if (written_by(checkpoint, "dimwise-ode train")) return learned_problem(load_run(checkpoint), s.samples, s.seed);
  if (written_by(checkpoint, "dimwise-ode fit"))
    return fitted_problem(load_fit(checkpoint, s.weights), s.samples, s.seed);
  const cnf::SavedRun run = cnf::load_run(checkpoint, s.weights);
  const cnf::ModelSettings& model = run.settings.model;
  const Shape shape = s.samples == 1 ? Shape{model.net.d} : Shape{s.samples, model.net.d};
  return {.name = std::filesystem::path(s.model).filename().string(),
          .title = "learned dynamics of " + run.path,
          .source = describe(model),
          .note = model.blocks > 1 ? fmt::format("the first of {} blocks", model.blocks) : "",
          .term = hollow_term(run.model.flow.blocks[0], {.time = true}),
          .y0 = {Rng(static_cast<uint64_t>(s.seed)).split("start").normal(shape, model.net.dtype)},
          .times = {0, model.end_time}};
}

OdeProblem formulas(const ProblemSource& s) {
  if (!s.y0.empty()) fail<UsageError>("--y0", "is not for --field. Give the start by --init.");
  if (s.t1.empty()) fail<UsageError>("--t1", "is missing: a --field has no end of its own. Give the end time.");
  return formula_problem(s.field, s.init, s.param);
}

void set_start(OdeProblem& p, const std::vector<double>& y0) {
  const Tensor& y = p.y0[0];
  if (static_cast<int64_t>(y0.size()) != y.dim(-1))
    fail<UsageError>("--y0", "has ", y0.size(), " numbers, but ", p.name, " has ", y.dim(-1), " components.");
  p.y0 = {broadcast_to(tensor(y0, y.dtype()), y.shape())};
  p.exact = nullptr;
  p.reference.clear();
}

void set_times(OdeProblem& p, double t0, double t1) {
  if (t0 != p.times.front()) {
    p.exact = nullptr;
    p.reference.clear();
  }
  std::vector<double> times{t0};
  for (const double t : p.times)
    if (t > t0 && t < t1) times.push_back(t);
  if (t1 != t0) times.push_back(t1);
  if (times.size() == 1) times.push_back(t0);
  p.log_time = p.log_time && t0 == 0 && t1 > 0;
  p.times = times;
}

nlohmann::json read_references(const std::string& path) {
  std::ifstream in(path);
  if (!in) fail<DataError>("--reference", "cannot read ", path, ". Give a file of reference solutions.");
  nlohmann::json all = nlohmann::json::parse(in, nullptr, false);
  if (!all.is_object()) fail<DataError>("--reference", path, " is not a JSON object of reference solutions.");
  return all;
}

Reference from_file(const OdeProblem& p, const std::string& path, const nlohmann::json& entry) {
  Reference reference{.origin = path};
  try {
    for (const auto& result : entry.at("results")) {
      reference.times.push_back(result.at("t").get<double>());
      reference.y.push_back(result.at("y").get<std::vector<double>>());
      if (static_cast<int64_t>(reference.y.back().size()) != p.y0[0].size())
        fail<DataError>("--reference", path, ": ", p.reference, " has ", reference.y.back().size(),
                        " components, but the problem has ", p.y0[0].size(), ".");
    }
  } catch (const nlohmann::json::exception& e) {
    fail<DataError>("--reference", path, ": ", p.reference, " cannot be read: ", e.what());
  }
  return reference;
}

}  // namespace

std::vector<double> parse_numbers(const std::string& flag, const std::string& text) {
  std::vector<double> numbers;
  const char *at = text.data(), *end = at + text.size();
  while (true) {
    double x = 0;
    const auto [next, error] = std::from_chars(at, end, x);
    if (error != std::errc() || !std::isfinite(x) || (next != end && *next != ','))
      fail<UsageError>(flag.c_str(), "must be comma-separated numbers, not \"", text, "\"");
    numbers.push_back(x);
    if (next == end) return numbers;
    at = next + 1;
  }
}

void add_problem_source(Command& c, ProblemSource& s) {
  c.section("Problem");
  c.add("problem", s.problem, "a named problem; dimwise-ode problems lists them").placeholder = "NAME";
  c.add(
       "field", s.field,
       fmt::format("or: equations, as \"x' = y; y' = mu*(1-x^2)*y - x\", with t, Pi and {}; 0 = ... for algebraic ones",
                   fmt::join(formula_functions(), ", ")))
      .placeholder = "EQUATIONS";
  c.add("init", s.init, "of a field: the start, as x=2,y=0").placeholder = "X=N,Y=N";
  c.add("param", s.param, "of a field: its parameters, as mu=5").placeholder = "P=N,Q=N";
  c.add("model", s.model,
        "or: the run folder or a checkpoint of dimwise-ode fit, dimwise-ode train or dimwise-cnf train, to solve its "
        "dynamics")
      .placeholder = "PATH";
  c.add_choice("weights", s.weights, std::vector<std::string>{"best", "average", "last"},
               "of a flow or a fit: the saved weights to use; a fit has no average");
  c.add("samples", s.samples,
        "of a model: number of starts, solved as one batch; of a fit, one is the start of the first path",
        at_least_one);
  c.add("seed", s.seed, "of a model: seed of its random starts", not_negative);
  c.add("t0", s.t0, "start time; by default that of the problem").placeholder = "X";
  c.add("t1", s.t1, "end time; by default that of the problem; before t0 to solve backwards").placeholder = "X";
  c.add("y0", s.y0, "start, comma-separated numbers; by default that of the problem").placeholder = "X,X";
}

OdeProblem load_problem(const ProblemSource& s) {
  if (s.problem.empty() + s.model.empty() + s.field.empty() != 2)
    fail<UsageError>("command line",
                     "give one of --problem NAME, --field EQUATIONS and --model PATH. See dimwise-ode problems.");
  OdeProblem p = !s.problem.empty() ? named_problem(s.problem) : s.field.empty() ? model_problem(s) : formulas(s);
  const auto one = [](const std::string& flag, const std::string& text, double otherwise) {
    if (text.empty()) return otherwise;
    const std::vector<double> numbers = parse_numbers(flag, text);
    if (numbers.size() != 1) fail<UsageError>(flag.c_str(), "must be one number, not \"", text, "\"");
    return numbers[0];
  };
  if (!s.y0.empty()) set_start(p, parse_numbers("--y0", s.y0));
  if (!s.t0.empty() || !s.t1.empty())
    set_times(p, one("--t0", s.t0, p.times.front()), one("--t1", s.t1, p.times.back()));
  if (p.term.mass) p.y0 = consistent_state(p.term, p.times.front(), p.y0);
  return p;
}

std::optional<Reference> find_reference(const OdeProblem& p, const std::string& file) {
  if (p.exact) {
    Reference reference{.origin = "closed form"};
    for (const double t : p.times)
      if (std::vector<double> y = p.exact(t); !y.empty() && t != p.times.front()) {
        reference.times.push_back(t);
        reference.y.push_back(std::move(y));
      }
    return reference;
  }
  const char* folder = std::getenv("DIMWISE_DATA");
  std::string path = file;
  if (path.empty() && folder) path = std::string(folder) + "/ivp_reference.json";
  if (path.empty() || (file.empty() && !std::filesystem::exists(path))) return std::nullopt;
  const nlohmann::json all = read_references(path);
  const auto entry = all.find(p.reference);
  if (p.reference.empty() || entry == all.end()) return std::nullopt;
  return from_file(p, path, *entry);
}

double solution_error(const OdeProblem& p, const Reference& reference, const std::vector<double>& times,
                      const std::vector<State>& y) {
  double worst = std::numeric_limits<double>::quiet_NaN();
  for (size_t i = 0; i < y.size(); ++i) {
    const auto at = std::find(reference.times.begin(), reference.times.end(), times[i]);
    if (at == reference.times.end()) continue;
    const std::vector<double>& expected = reference.y[static_cast<size_t>(at - reference.times.begin())];
    const std::vector<double> got = y[i][0].values();
    for (size_t k = 0; k < got.size(); ++k) {
      const double floor = p.atol_per_rtol[p.atol_per_rtol.size() == 1 ? 0 : k];
      const double error = std::abs(got[k] - expected[k]) / (std::abs(expected[k]) + floor);
      worst = std::isnan(worst) ? error : std::max(worst, error);
    }
  }
  return worst;
}

}  // namespace dimwise::app::ode
