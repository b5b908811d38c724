#include <cmath>
#include <filesystem>
#include <regex>

#include "apps/common/report/metrics.hpp"
#include "apps/ode/experiment/figure.hpp"
#include "apps/ode/experiment/record.hpp"
#include "ops/arithmetic.hpp"
#include "ops/matmul.hpp"
#include "tests/apps/ode/ode_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::ode_train_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

const Strings labels{"dopri5", "adams/functional", "adams/jacobi_newton"};

app::ode::TaskSettings small(const std::string& task) {
  return {.task = task, .window = 0.5, .observations = 2, .rows = 40, .batch = 8};
}

AnyHollowNet small_net(const app::ode::Task& task) {
  return app::ode::make_net(
      {.transformer = "per-dimension", .d_h = 4, .hidden = {8}, .transformer_hidden = {8}, .dtype = DType::float64},
      task, Rng(3));
}

// A task whose calls of f are counted, those that also give its diagonal, and apart from them those in f recorded.
class Counted : public app::ode::Task {
 public:
  explicit Counted(app::ode::Task& task) : task_(task) {}
  int64_t dimension() const override { return task_.dimension(); }
  bool uses_time() const override { return task_.uses_time(); }
  std::string loss_name() const override { return task_.loss_name(); }
  app::ode::Iteration iteration(const AnyHollowNet& net, int64_t step) override {
    app::ode::Iteration i = task_.iteration(net, step);
    const OdeTerm inner = i.term;
    i.term = {[this, inner](const Tensor& t, const State& y) {
                ++f;
                return inner.f(t, y);
              },
              [this, inner](const Tensor& t, const State& y) {
                ++diagonals;
                return inner.with_diagonal(t, y);
              }};
    const auto loss = i.loss;
    i.loss = [this, loss](const std::vector<State>& y) {
      forward_f = f;
      forward_diagonals = diagonals;
      return loss(y);
    };
    return i;
  }
  int64_t f = 0, diagonals = 0, forward_f = 0, forward_diagonals = 0;

 private:
  app::ode::Task& task_;
};

}  // namespace

TEST_CASE("an experiment writes what each solver took, a figure and totals") {
  const TemporaryFolder folder;
  for (const std::string& task : app::ode::task_names()) {
    const std::string out = folder / task;
    const Ended ended = run_ode(tiny_experiment(task, out, 5));
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    CHECK_THAT(ended.err, Contains("step 5/5 100%") && Contains("dopri5 ") && Contains("adams/jacobi_newton "));
    CHECK_THAT(ended.out, Contains(read_text(out + "/totals.md")) && Contains("5 of 5 iterations measured"));
    CHECK(nlohmann::json::parse(read_text(out + "/eval.json"))["measured"] == 5);
    for (const char* name : {"/figs/evaluations.png", "/figs/evaluations.svg"})
      CHECK(std::filesystem::file_size(out + name) > 5000);
    const auto lines = counted(out);
    REQUIRE(lines.size() == 5);
    for (size_t i = 0; i < lines.size(); ++i) {
      CHECK(lines[i]["step"] == i + 1);
      CHECK(lines[i]["rate"] > 0);
      for (const std::string& solver : labels)
        for (const std::string phase : {" forward", " adjoint"}) {
          CHECK(lines[i][solver + phase + " evaluations"] > 5);
          CHECK(lines[i][solver + phase + " ending"] == 0);
          CHECK((lines[i][solver + phase + " diagonals"] > 0) == (solver == "adams/jacobi_newton"));
        }
    }
  }
}

TEST_CASE("--json gives the sums of the metrics, and measurements may be rarer than iterations") {
  const TemporaryFolder folder;
  const Ended ended = run_ode(
      tiny_experiment("rotation", folder / "run", 7) +
      Strings{"--measure-every", "3", "--tolerances", "1e-2,1e-7", "--json", "--quiet", "--train-with", "bdf/newton"});
  REQUIRE(ended.code == 0);
  CHECK(ended.err == "");
  const auto result = nlohmann::json::parse(ended.out);
  CHECK(result["iterations"] == 7);
  CHECK(result["measured"] == 3);
  const auto lines = counted(folder / "run");
  REQUIRE(lines.size() == 3);
  REQUIRE(result["totals"].size() == 3);
  for (size_t s = 0; s < 3; ++s) {
    const auto& total = result["totals"][s];
    CHECK(total["solver"] == labels[s]);
    double f = 0, d = 0;
    for (const auto& line : lines) {
      f += line[labels[s] + " adjoint evaluations"].get<double>();
      d += line[labels[s] + " forward diagonals"].get<double>();
    }
    CHECK(total["f_adjoint"] == f);
    CHECK(total["diagonals_forward"] == d);
    CHECK(total["seconds_forward"] > 0);
    const auto &loose = result["tolerances"][s], &tight = result["tolerances"][s + 3];
    CHECK(loose["solver"] == labels[s]);
    CHECK(loose["tolerance"] == 1e-2);
    CHECK(tight["tolerance"] == 1e-7);
    CHECK(tight["forward"] > loose["forward"]);
  }
}

TEST_CASE("the counts are those of calls of f and of D f") {
  for (const std::string& name : app::ode::task_names()) {
    const auto task = app::ode::make_task(small(name), DType::float64);
    const AnyHollowNet net = small_net(*task);
    for (const app::ode::SolverSpec& solver :
         app::ode::parse_solvers("dopri5,adams/functional,adams/jacobi_newton,bdf/jacobi_newton")) {
      INFO(name << ' ' << solver.name());
      Counted counted(*task);
      const app::ode::Measurement m = app::ode::measure(counted, net, 2, solver, {.rtol = 1e-4, .atol = 1e-4});
      REQUIRE(m.gradient);
      CHECK(m.forward.statistics.evaluations == counted.forward_f + counted.forward_diagonals);
      CHECK(m.forward.statistics.diagonals == counted.forward_diagonals);
      CHECK((counted.forward_diagonals > 0) == (solver.corrector == "jacobi_newton"));
      CHECK(m.adjoint.statistics.evaluations <= counted.f - counted.forward_f + counted.diagonals);
      CHECK(m.adjoint.statistics.evaluations > 5);
      CHECK(m.forward.seconds > 0);
      CHECK(m.adjoint.seconds > 0);
    }
  }
}

TEST_CASE("all solvers find the same loss and gradient") {
  for (const std::string& name : app::ode::task_names()) {
    const auto task = app::ode::make_task(small(name), DType::float64);
    const AnyHollowNet net = small_net(*task);
    std::vector<app::ode::Measurement> all;
    for (const app::ode::SolverSpec& solver : app::ode::parse_solvers("dopri5,adams/functional,adams/jacobi_newton"))
      all.push_back(app::ode::measure(*task, net, 1, solver, {.rtol = 1e-8, .atol = 1e-8}));
    const auto exact = parameters(*all[0].gradient);
    for (size_t s = 1; s < all.size(); ++s) {
      INFO(name << ' ' << s);
      CHECK(all[s].loss == Approx(all[0].loss).epsilon(1e-6));
      const auto other = parameters(*all[s].gradient);
      for (size_t i = 0; i < exact.size(); ++i) {
        const std::vector<double> a = exact[i].values(), b = other[i].values();
        for (size_t k = 0; k < a.size(); ++k) CHECK(b[k] == Approx(a[k]).epsilon(1e-5).margin(1e-5));
      }
    }
  }
}

TEST_CASE("a solve that runs out of its budget is recorded, and ends the run only where it trains") {
  const auto task = app::ode::make_task(small("rotation"), DType::float64);
  const AnyHollowNet net = small_net(*task);
  const app::ode::SolverSpec dopri5{"dopri5"};
  const app::ode::Measurement whole = app::ode::measure(*task, net, 0, dopri5, {});
  REQUIRE(whole.gradient);
  const app::ode::Measurement m = app::ode::measure(*task, net, 0, dopri5, {.max_evaluations = 9});
  CHECK((m.forward.ending == app::ode::Ending::out_of_budget));
  CHECK(m.forward.statistics.evaluations <= 10);  // the one that shows what f captures comes before the solve
  CHECK((m.adjoint.ending == app::ode::Ending::not_begun));
  CHECK_FALSE(m.gradient);
  const auto flow = app::ode::make_task(small("cnf"), DType::float64);
  // A rough f: its derivatives, which the adjoint reads, need more steps than f itself.
  const AnyHollowNet rough =
      map_parameters(small_net(*flow), [](const std::string&, const Tensor& w) { return 4.0 * w; });
  const app::ode::Measurement first = app::ode::measure(*flow, rough, 0, dopri5, {});
  const int64_t enough = first.forward.statistics.evaluations;
  REQUIRE(first.adjoint.statistics.evaluations > enough);
  const app::ode::Measurement half = app::ode::measure(*flow, rough, 0, dopri5, {.max_evaluations = enough});
  CHECK((half.forward.ending == app::ode::Ending::done));
  CHECK((half.adjoint.ending == app::ode::Ending::out_of_budget));
  CHECK_FALSE(half.gradient);
  for (const app::ode::Measurement* each : {&m, &half}) {
    app::ode::Values values;
    app::ode::append(values, "dopri5", *each);
    app::ode::Record record{.step = {1}, .columns = {}};
    for (const auto& [key, value] : values) record.columns[key] = {value};
    CHECK(app::ode::totals(record, "dopri5").unfinished == 1);
    CHECK(app::ode::totals(record, "dopri5").f() ==
          static_cast<double>(each->forward.statistics.evaluations + each->adjoint.statistics.evaluations));
  }

  const TemporaryFolder folder;
  // dopri5 needs more evaluations than a multistep method at the beginning, when f is all but constant.
  const Strings scarce = tiny_experiment("rotation", folder / "run", 2) + Strings{"--max-evaluations", "12"};
  const Ended diverged = run_ode(scarce);
  CHECK(diverged.code == 4);
  CHECK_THAT(diverged.err, Contains("dopri5, which trains the model, did not finish"));
  const Ended trained = run_ode(scarce + Strings{"--train-with", "adams/functional"});
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(counted(folder / "run")[0]["dopri5 forward ending"] == static_cast<int>(app::ode::Ending::out_of_budget));
}

TEST_CASE("of a finished experiment, --resume draws and sums up again, with the same flags") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  const Strings words = tiny_experiment("cnf", out, 4) + Strings{"--resume", "auto"};
  const Ended first = run_ode(words);
  REQUIRE(first.code == 0);
  std::filesystem::remove(out + "/figs/evaluations.svg");
  const Ended again = run_ode(words);
  REQUIRE(again.code == 0);
  // The trained model is measured anew, so that seconds differ.
  const auto counts = [](const std::string& text) { return std::regex_replace(text, std::regex(", [0-9.]+ s"), ""); };
  CHECK(counts(again.out) == counts(first.out));
  CHECK(std::filesystem::exists(out + "/figs/evaluations.svg"));
  const Ended other = run_ode(words + Strings{"--clip", "3"});
  CHECK(other.code == 5);
  CHECK_THAT(other.err, Contains("--clip is 10, not 3"));
}

TEST_CASE("an experiment refuses what makes no sense") {
  const TemporaryFolder folder;
  struct Case {
    Strings words;
    int code;
    std::string text;
  };
  const Case cases[]{
      {{"--task", "cfn"}, 2, "--task"},
      {{"--solvers", "dopri5,adams/functionl"}, 2, "Did you mean functional?"},
      {{"--solvers", "dopri5/newton"}, 2, "explicit and has no corrector"},
      {{"--solvers", "rk4"}, 2, "rk4 has fixed steps"},
      {{"--solvers", "bdf,bdf/automatic"}, 2, "is named twice"},
      {{"--solvers", ""}, 2, "[--solvers] is empty"},
      {{"--train-with", "dorpi5"}, 2, "Did you mean dopri5?"},
      {{"--rtol", "0"}, 2, "[--rtol] must be a number above 0"},
      {{"--measure-every", "0"}, 2, "--measure-every"},
      {{"--data", "spirals"}, 3, "there is no density and no file 'spirals'"},
  };
  for (const Case& c : cases) {
    const Ended ended = run_ode(Strings{"train", "--out", folder / "run"} + c.words);
    INFO(c.text);
    CHECK(ended.code == c.code);
    CHECK(ended.out == "");
    CHECK_THAT(ended.err, Contains(c.text));
    CHECK_FALSE(std::filesystem::exists(folder / "run"));
  }
  const Ended help = run_ode({"train", "--help"});
  CHECK(help.code == 0);
  CHECK(help.out.find("Examples:\n") < help.out.find("Usage: "));
}

TEST_CASE("the median filter takes out single outliers and keeps steps") {
  CHECK(median_filter({1, 1, 9, 1, 1, 5, 5, 5, 0, 5}, 2, 2) == std::vector<double>{1, 1, 1, 1, 5, 5, 5, 5, 5, 5});
  CHECK(median_filter({}, 2, 2).empty());
}

TEST_CASE("the stiffness is the spectral radius, and the contraction that of Jacobi-Newton") {
  // x' = (−30 x + 40 y, −40 x − 30 y): ρ(J) = 50; with γ = 0.2, ρ = 0.2 · 40 / (1 + 6).
  const app::ode::Iteration turning{
      .term = {[](const Tensor&, const State& y) -> State {
        return {matmul(y[0], tensor(std::vector<double>{-30, -40, 40, -30}, {2, 2}, DType::float64))};
      }},
      .start = {ones({3, 2}, DType::float64)},
      .times = {0, 1},
      .loss = nullptr};
  const app::ode::Stiffness s = app::ode::stiffness(turning, {});
  CHECK(s.rate == Approx(50).epsilon(1e-5));
  CHECK(s.decay == Approx(30).epsilon(0.01));
  CHECK(s.contraction == Approx(8.0 / 7).epsilon(1e-5));
}

}  // namespace dimwise::ode_train_tests
