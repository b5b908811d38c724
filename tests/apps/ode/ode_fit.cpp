// dimwise-ode fit: dynamics learned from trajectories with irregular times.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "apps/common/report/metrics.hpp"
#include "apps/ode/fit/scores.hpp"
#include "apps/ode/fit/training.hpp"
#include "apps/ode/saved_run.hpp"
#include "autodiff/context.hpp"
#include "nn/io/csv.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/apps/ode/ode_run.hpp"
#include "tests/apps/ode/trajectories.hpp"
#include "tests/catch.hpp"

namespace dimwise::ode_fit_tests {

using namespace dimwise::app;
using namespace dimwise::app::ode;
using Catch::Matchers::Contains;
using Numbers = std::vector<double>;
using Json = nlohmann::json;

namespace {

constexpr DType f64 = DType::float64;

Ended fit(const std::string& data, const std::string& out, const Strings& more = {}) {
  return run_ode(small_fit(data, out, 12) + more);
}

double largest(const Json& errors) {
  double all = 0;
  for (const Json& e : errors) all = std::max(all, e.get<double>());
  return all;
}

SavedFit saved(const std::string& out, const std::string& weights = "last") {
  return load_fit(load_checkpoint(find_checkpoint(out, out)->path), weights);
}

// All weights of the net of a run.
Numbers weights(const std::string& out) {
  Numbers all;
  for (const Tensor& w : parameters(saved(out).model))
    for (const double v : w.values()) all.push_back(v);
  return all;
}

double distance(const Numbers& a, const Numbers& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

// Observations of three paths of 5, 2 and 4 rows with times of their own, and a model of them.
struct Example {
  Observations seen;
  FitModel model;
};
Example example(const std::string& kind, bool time) {
  Example e;
  e.seen.columns = {"a", "b"};
  e.seen.t = {0, 0.3, 1.1, 1.2, 2.9, 0.7, 0.8, 5, 5.5, 7, 7.25};
  e.seen.path = {0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 2};
  e.seen.group.resize(11);
  e.seen.x = 3.0 + 2.0 * Rng(4).normal({11, 2}, f64);
  FitModelSettings s{.kind = kind, .paths = 3};
  s.net.d = 2;
  s.net.d_h = 4;
  s.net.hidden = s.net.transformer_hidden = {6};
  s.net.time = time;
  e.model = make_model(s, Rng(5));
  set_units(e.model, e.seen);
  return e;
}

const std::vector<std::pair<std::string, bool>> kinds{
    {"hollow", false}, {"hollow", true}, {"mlp", false}, {"mlp", true}};

}  // namespace

TEST_CASE("a fit forecasts held-out paths far better than both baselines, and finds the field") {
  const TemporaryFolder folder;
  const std::string data = lotka_volterra_file(folder, {.paths = 20, .observations = 20});
  for (const Strings& flags : {Strings{}, Strings{"--model", "mlp", "--hidden", "32,32", "--shooting", "whole"}}) {
    const std::string out = folder / ("run" + std::to_string(flags.size()));
    const Ended ended = run_ode(Strings{"fit", "--data", data, "--out", out, "--steps", "500", "--batch-size", "32",
                                        "--segment", "5", "--json", "--quiet"} +
                                flags);
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    const Json j = Json::parse(ended.out);
    INFO(j.dump());
    CHECK(j["held_out"] == "4 of 20 paths");
    CHECK(j["components"] == Json{"prey", "predator"});
    for (const auto& [part, factor] : {std::pair{"one_step", 0.6}, std::pair{"whole_path", 0.25}})
      for (const char* baseline : {"stays", "linear"})
        for (int i = 0; i < 2; ++i) CHECK(j[part]["learned"][i] < factor * j[part][baseline][i].get<double>());
    const SavedFit run = saved(out, "best");
    const NoGrad guard;
    const Tensor zero = scalar(0, f64), x = load_csv(data).values;
    const State y{slice(x, 1, 2, 4)};
    const Tensor truth = lotka_volterra(zero, y)[0], found = dynamics(run.model).f(zero, y)[0];
    const double error = std::sqrt(mean(square(found - truth)).item() / mean(square(truth)).item());
    INFO(error);
    CHECK(error < 0.12);
  }
}

TEST_CASE("the figures of a report are those of the forecasts that it writes") {
  const TemporaryFolder folder;
  const std::string data = lotka_volterra_file(folder, {}), out = folder / "run";
  const Ended ended = fit(data, out, {"--json", "--forecast", "0"});
  REQUIRE(ended.code == 0);
  const Json j = Json::parse(ended.out), eval = Json::parse(read_text(out + "/eval.json"));
  for (const auto& [name, value] : eval.items()) CHECK(j[name] == value);
  const Csv forecasts = load_csv(out + "/forecast.csv"), all = load_csv(data);
  CHECK(forecasts.columns == Strings{"path", "t", "prey", "predator"});
  const int64_t held = forecasts.values.dim(0);
  CHECK(held == j["observations"]);
  const Numbers f = forecasts.values.values(), x = all.values.values();
  Numbers learned(2), stay(2);
  int64_t count = 0, starts = 0;
  size_t first = 0;
  for (size_t i = 0; i < f.size(); i += 4) {
    size_t k = 0;
    while (x[k] != f[i + 1] || x[k + 1] != f[i]) k += 4;  // columns t, path, prey, predator
    const bool start = i == 0 || f[i] != f[i - 4];
    if (start) first = k;
    starts += start;
    count += !start;
    for (size_t c = 0; c < 2; ++c) {
      if (start) CHECK(f[i + 2 + c] == Approx(x[k + 2 + c]).epsilon(1e-12));
      learned[c] += std::pow(f[i + 2 + c] - x[k + 2 + c], 2);
      stay[c] += std::pow(x[first + 2 + c] - x[k + 2 + c], 2);
    }
  }
  CHECK(starts == 2);
  for (size_t c = 0; c < 2; ++c) {
    CHECK(std::sqrt(learned[c] / static_cast<double>(count)) ==
          Approx(j["whole_path"]["learned"][c].get<double>()).epsilon(1e-3));
    CHECK(std::sqrt(stay[c] / static_cast<double>(count)) ==
          Approx(j["whole_path"]["stays"][c].get<double>()).epsilon(1e-9));
  }
  for (const char* name : {"forecast.svg", "forecast.png", "phase.svg", "phase.png"})
    CHECK(std::filesystem::file_size(out + "/figs/" + name) > 3000);
  REQUIRE(fit(data, out, {"--resume", "--forecast", "0.5"}).code == 0);
  const Tensor longer = load_csv(out + "/forecast.csv").values;
  CHECK(longer.dim(0) == held + 2 * 50);
  const double begin = f[f.size() - 4 * 12 + 1], end = f[f.size() - 3];  // of the last path
  CHECK(row(longer, longer.dim(0) - 1).values()[1] == Approx(end + 0.5 * (end - begin)).epsilon(1e-12));
}

TEST_CASE("the linear baseline recovers a linear equation") {
  const TemporaryFolder folder;
  const VectorField spiral = [](const Tensor&, const State& y) -> State {
    const Tensor a = slice(y[0], 1, 0, 1), b = slice(y[0], 1, 1, 2);
    return {concat({-0.2 * a + b - 1.0, -1.0 * a - 0.2 * b + 2.0}, 1)};
  };
  write_text(folder / "x.csv", simulated({.observations = 200, .interval = 0.03125}, spiral));
  REQUIRE(fit(folder / "x.csv", folder / "run").code == 0);
  const Json eval = Json::parse(read_text(folder / "run/eval.json"));
  INFO(eval.dump());
  CHECK(largest(eval["whole_path"]["linear"]) < 0.002 * largest(eval["whole_path"]["stays"]));
}

TEST_CASE("rows solved together over irregular times are those solved one by one") {
  for (const auto& [kind, time] : kinds) {
    INFO(kind << time);
    const Example e = example(kind, time);
    const NoGrad guard;
    const OdeTerm own = own_dynamics(e.model);
    const Points points = own_points(e.model, e.seen);
    const OdeOptions options{.rtol = 1e-10, .atol = 1e-10};
    const std::vector<Segment> paths = whole_paths(e.seen);
    REQUIRE(paths.size() == 3);
    const Solved all = solve(own, make_batch(points, paths), options);
    REQUIRE(all.x.size() == 5);
    const Numbers t = points.t.values();
    double moved = 0;
    for (size_t row = 0; row < paths.size(); ++row) {
      const auto first = t.begin() + paths[row].first;
      const OdeSolution alone = odeint(own, {slice(points.x, 0, paths[row].first, paths[row].first + 1)},
                                       Numbers(first, first + paths[row].count), options);
      for (size_t k = 0; k < 5; ++k) {
        const Tensor expected = alone.y[std::min(k, alone.y.size() - 1)][0];  // continued by the last
        const auto r = static_cast<int64_t>(row);
        CHECK(max(abs(slice(all.x[k], 0, r, r + 1) - expected)).item() < 1e-8);
        moved = std::max(moved, max(abs(expected - alone.y[0][0])).item());
      }
    }
    CHECK(moved > 0.05);
    // The same in the units of the data.
    const FitModel& m = e.model;
    const OdeSolution in_data_units = odeint(dynamics(m), {slice(e.seen.x, 0, 0, 1)}, {0, 0.3, 1.1, 1.2, 2.9}, options);
    const OdeSolution in_own_units = odeint(own, {slice(points.x, 0, 0, 1)}, own_times(m, {0, 2.9}), options);
    CHECK(max(abs(in_data_units.y.back()[0] - m.units.inverse(in_own_units.y.back()[0]))).item() < 1e-8);
  }
}

TEST_CASE("the diagonal of the dynamics is that of its Jacobian") {
  const Example e = example("hollow", true);
  const NoGrad guard;
  const Tensor x = slice(e.seen.x, 0, 0, 3), t = scalar(1.3, f64);
  const OdeTerm term = dynamics(e.model);
  const ValueAndDiagonal both = term.with_diagonal(t, {x});
  const double h = 1e-5;
  for (int64_t i = 0; i < 2; ++i) {
    const Tensor step = tensor(i == 0 ? Numbers{h, 0} : Numbers{0, h}, f64);
    const Tensor difference = (term.f(t, {x + step})[0] - term.f(t, {x - step})[0]) / (2 * h);
    CHECK(max(abs(select(difference, 1, i) - select(both.d[0], 1, i))).item() < 1e-8);
  }
  CHECK(max(abs(both.f[0] - term.f(t, {x})[0])).item() < 1e-13);
}

TEST_CASE("the gradient of the loss on irregular batches agrees with differences, for every gradient") {
  for (const auto& [kind, time] : kinds)
    for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::checkpointed, OdeGradient::adjoint}) {
      INFO(kind << time << static_cast<int>(gradient));
      const Example e = example(kind, time);
      const Batch batch = make_batch(own_points(e.model, e.seen), whole_paths(e.seen));
      // Fixed steps, so that a difference of the loss is not one of steps.
      OdeOptions options{.method = "dopri5", .rtol = 1e-9, .atol = 1e-9, .steps = 8, .gradient = gradient};
      const auto loss = [&](const FitModel& m) { return objective(m, batch, 0, 3, options).loss; };
      const auto [value, g] = value_and_grad(loss, e.model);
      CHECK(value.item() > 0.01);
      const Rng rng(7);
      uint64_t i = 0;
      std::vector<Tensor> directions;
      const auto moved = [&](double h) {
        size_t k = 0;
        return map_parameters(e.model, [&](const std::string&, const Tensor& w) { return w + h * directions[k++]; });
      };
      double slope = 0;
      for (const Tensor& w : parameters(e.model)) directions.push_back(rng.split(i++).normal(w.shape(), f64));
      const std::vector<Tensor> parts = parameters(g);
      for (size_t k = 0; k < parts.size(); ++k) slope += sum(parts[k] * directions[k]).item();
      const NoGrad guard;
      const double h = 1e-5, difference = (loss(moved(h)).item() - loss(moved(-h)).item()) / (2 * h);
      CHECK(slope == Approx(difference).epsilon(gradient == OdeGradient::adjoint ? 1e-4 : 1e-6));
    }
}

TEST_CASE("means over parts of a batch are that over the batch") {
  const Example e = example("hollow", false);
  const NoGrad guard;
  const Batch batch = make_batch(own_points(e.model, e.seen), whole_paths(e.seen));
  CHECK(batch.forecasts() == Approx(8.0 / 3));
  const OdeOptions options{.method = "rk4", .steps = 4};
  const Solved solved = solve(own_dynamics(e.model), batch, options);
  const double whole = objective(e.model, batch, 0, 3, options).loss.item();
  CHECK(whole == Approx(sum(squared_errors(solved, batch)).item() / (8 * 2)).epsilon(1e-12));
  const double first = objective(e.model, batch, 0, 1, options).loss.item(),
               others = objective(e.model, batch, 1, 3, options).loss.item();
  CHECK((first + 2 * others) / 3 == Approx(whole).epsilon(1e-12));
}

TEST_CASE("segments lie within paths, and a short path is one") {
  const Observations seen = example("mlp", false).seen;
  std::vector<std::pair<int64_t, int64_t>> found;
  for (const Segment& s : windows(seen, 4)) found.emplace_back(s.first, s.count);
  CHECK(found == std::vector<std::pair<int64_t, int64_t>>{{0, 4}, {1, 4}, {5, 2}, {7, 4}});
}

TEST_CASE("other units of time and of the components give the same fit") {
  const TemporaryFolder folder;
  const auto run = [&](const std::string& name, const Units& units) {
    write_text(folder / (name + ".csv"), simulated({.units = units}, lotka_volterra));
    const Ended ended = fit(folder / (name + ".csv"), folder / name);
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    return Json::parse(read_text(folder / (name + "/eval.json")));
  };
  const Json plain = run("plain", {});
  const Numbers exact = weights(folder / "plain");
  const Json later = run("later", {.first = 1.6e9}), slower = run("slower", {.time = 1000}),
             larger = run("larger", {.x = 1000, .offset = 7e4});
  CHECK(distance(weights(folder / "later"), exact) == 0);
  CHECK(distance(weights(folder / "slower"), exact) < 1e-9);
  CHECK(distance(weights(folder / "larger"), exact) < 1e-6);
  for (const char* part : {"one_step", "whole_path"})
    for (const char* which : {"learned", "stays", "linear"})
      for (int i = 0; i < 2; ++i) {
        const double error = plain[part][which][i].get<double>();
        CHECK(later[part][which][i] == error);
        CHECK(slower[part][which][i].get<double>() == Approx(error).epsilon(1e-7));
        CHECK(larger[part][which][i].get<double>() == Approx(1000 * error).epsilon(1e-4));
      }
}

TEST_CASE("a single path holds out its end, whose forecast starts at the last known state") {
  const TemporaryFolder folder;
  write_text(folder / "x.csv", simulated({.paths = 1, .observations = 21, .with_path = false}, lotka_volterra));
  const Ended ended = fit(folder / "x.csv", folder / "run", {"--forecast", "0"});
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  CHECK_THAT(ended.err, Contains("there is no column path, so all rows are one path") &&
                            Contains("14 observations of 1 path to train on; held out: the last 4 of 21 observations"));
  CHECK_THAT(ended.out, Contains("held out: the last 4 of 21 observations of the only path;"));
  const Csv forecast = load_csv(folder / "run/forecast.csv"), all = load_csv(folder / "x.csv");
  CHECK(forecast.columns == Strings{"t", "prey", "predator"});
  REQUIRE(forecast.values.dim(0) == 5);
  const Numbers t = select(forecast.values, 1, 0).values(), expected = select(all.values, 1, 0).values();
  CHECK(t == Numbers(expected.end() - 5, expected.end()));
  CHECK(max(abs(slice(forecast.values, 0, 0, 1) - slice(all.values, 0, 16, 17))).item() < 1e-12);
  REQUIRE(fit(folder / "x.csv", folder / "run", {"--resume", "--forecast", "0.5"}).code == 0);
  const Numbers longer = select(load_csv(folder / "run/forecast.csv").values, 1, 0).values();
  CHECK(longer.back() == Approx(expected.back() + 0.5 * (expected.back() - expected[0])).epsilon(1e-12));
  // What is held out does not change the model.
  const Numbers learned = weights(folder / "run");
  std::string text = read_text(folder / "x.csv");
  text = text.substr(0, text.rfind('\n', text.size() - 2) + 1) + "1000,77,78\n";
  write_text(folder / "x.csv", text);
  REQUIRE(fit(folder / "x.csv", folder / "other").code == 0);
  CHECK(weights(folder / "other") == learned);
}

TEST_CASE("the weights are those of the smallest error on a part of its own, or the last ones without such a part") {
  const TemporaryFolder folder;
  const std::string data = lotka_volterra_file(folder, {});
  const auto run = [&](const std::string& name, const Strings& more) {
    const Ended ended = fit(data, folder / name, Strings{"--eval-every", "1", "--warm-up", "0"} + more);
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    const Json eval = Json::parse(read_text(folder / (name + "/eval.json")));
    const Line errors = read_metric(folder / (name + "/metrics.jsonl"), "validation_error");
    REQUIRE(errors.y.size() == 12);
    const auto best = std::min_element(errors.y.begin(), errors.y.end());
    CHECK(eval["best_step"] == errors.x[static_cast<size_t>(best - errors.y.begin())]);
    CHECK(eval["best_validation_error"] == *best);
    CHECK(eval["last_validation_error"] == errors.y.back());
    for (const auto& [kept, part] :
         {std::pair{"best", "best_validation_error"}, std::pair{"last", "last_validation_error"}}) {
      const SavedFit loaded = saved(folder / name, kept);
      const Trajectories again = load_trajectories(trajectory_settings(loaded.settings));
      CHECK(whole_path_error(loaded.model, again.validation.value(), flow_options(loaded.settings.solver).ode) ==
            eval[part]);
    }
    return std::pair{ended, eval};
  };
  const auto [usual, eval] = run("usual", {});
  CHECK(eval["held_out"] == "2 of 10 paths");
  CHECK(eval["validated"] == "2 of 8 paths");
  CHECK_THAT(usual.err,
             Contains("72 observations of 6 paths to train on; held out: 2 of 10 paths; to choose the weights: "
                      "2 of 8 paths"));
  CHECK_THAT(usual.out, Contains("chosen by the error on 2 of 8 paths: "));
  // With such steps it is not always the last weights that are the best.
  bool earlier = false;
  for (const std::string lr : {"0.3", "1", "3"}) {
    const Json rough = run("rough" + lr, {"--lr", lr}).second;
    earlier = earlier || rough["best_step"] < rough["step"];
  }
  CHECK(earlier);
  // The error in standard deviations is that of the components in their units.
  const SavedFit loaded = saved(folder / "usual", "best");
  const FitModel& model = loaded.model;
  const Observations test = load_trajectories(trajectory_settings(loaded.settings)).test;
  const Numbers scale = model.units.scale.value.values();
  double squares = 0;
  for (size_t i = 0; i < 2; ++i) squares += std::pow(eval["whole_path"]["learned"][i].get<double>() / scale[i], 2) / 2;
  CHECK(std::sqrt(squares) ==
        Approx(whole_path_error(model, test, flow_options(loaded.settings.solver).ode)).epsilon(1e-9));
  const Ended without = fit(data, folder / "without", {"--validation-share", "0", "--lr", "3", "--eval-every", "1"});
  REQUIRE(without.code == 0);
  CHECK_THAT(without.out, Contains("weights of step 12\n"));
  CHECK(Json::parse(read_text(folder / "without/eval.json"))["best_validation_error"].is_null());
  const auto tensors = load_checkpoint(folder / "without/ckpt-12.safetensors").tensors;
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with("best.")) CHECK(tensor.values() == tensors.at("model." + name.substr(5)).values());
}

TEST_CASE("solve takes the learned dynamics in the units of the data") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(fit(lotka_volterra_file(folder, {.units = {.time = 60, .first = 1e6, .x = 100}}), out,
              {"--time-dependent", "--rtol", "1e-8", "--atol", "1e-8", "--forecast", "0"})
              .code == 0);
  const Csv forecast = load_csv(out + "/forecast.csv");
  const Numbers f = forecast.values.values();
  size_t last = 0;
  while (last + 4 < f.size() && f[last + 4] == f[0]) last += 4;
  const auto text = [](double v) { return fmt::format("{}", v); };
  for (const char* method : {"dopri5", "bdf"}) {
    const Ended ended =
        run_ode({"solve", "--model", out, "--out", folder / "solved", "--method", method, "--t0", text(f[1]), "--t1",
                 text(f[last + 1]), "--y0", text(f[2]) + "," + text(f[3]), "--rtol", "1e-8", "--json"});
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    const Json j = Json::parse(ended.out);
    for (size_t i = 0; i < 2; ++i) CHECK(j["y"][i].get<double>() == Approx(f[last + 2 + i]).epsilon(1e-5));
    CHECK(load_csv(folder / "solved/trajectory.csv").columns == Strings{"t", "prey", "predator"});
  }
  const Ended three = run_ode({"solve", "--model", out, "--out", folder / "three", "--samples", "3", "--quiet"});
  INFO(three.err);
  CHECK(three.code == 0);
  CHECK(load_csv(folder / "three/trajectory.csv").values.dim(1) == 7);
  const Ended average = run_ode({"solve", "--model", out, "--weights", "average", "--out", folder / "none"});
  CHECK(average.code == 2);
  CHECK_THAT(average.err, Contains("a fit has best and last weights"));
}

TEST_CASE("a resumed fit ends with the same bits, under the same flags and data alone") {
  const TemporaryFolder folder;
  const std::string data = lotka_volterra_file(folder, {});
  for (const Strings& flags : {Strings{}, Strings{"--model", "mlp", "--threads", "2", "--gradient", "adjoint"}}) {
    const std::string name = "run" + std::to_string(flags.size()), out = folder / name, other = out + "-other";
    const Strings more = flags + Strings{"--checkpoint-every", "6", "--eval-every", "4", "--log-every", "1"};
    REQUIRE(fit(data, out, more).code == 0);
    REQUIRE(fit(data, other, more + Strings{"--resume", out + "/ckpt-6.safetensors"}).code == 0);
    REQUIRE(checkpoint(out, 12).size() > 1000);
    CHECK((checkpoint(out, 12) == checkpoint(other, 12)));
    std::filesystem::remove(out + "/ckpt-12.safetensors");
    REQUIRE(fit(data, out, more + Strings{"--resume"}).code == 0);
    CHECK((checkpoint(out, 12) == checkpoint(other, 12)));
    CHECK(counted(out).size() == 15);
  }
  const std::string out = folder / "run0";
  const std::pair<Strings, std::string> cases[]{{{"--clip", "3"}, "--clip is 10, not 3"},
                                                {{"--shooting", "whole"}, "--shooting is"},
                                                {{"--model", "mlp"}, "--model is"},
                                                {{"--test-share", "0.4"}, "--test-share is 0.2, not 0.4"},
                                                {{"--rtol", "0.25"}, "--rtol is"}};
  for (const auto& [flags, difference] : cases) {
    const Ended ended = fit(data, out, Strings{"--resume"} + flags);
    CHECK(ended.code == 5);
    CHECK_THAT(ended.err, Contains(difference));
  }
  write_text(data, simulated({.seed = 8}, lotka_volterra));
  const Ended changed = fit(data, out, {"--resume"});
  CHECK(changed.code == 5);
  CHECK_THAT(changed.err, Contains("SHA-256 of the data is"));
}

TEST_CASE("tables that a fit cannot learn from are refused, and what it leaves out is said") {
  const TemporaryFolder folder;
  const auto on = [&](const std::string& csv, const Strings& more = {}) {
    write_text(folder / "x.csv", csv);
    std::filesystem::remove_all(folder / "run");
    return fit(folder / "x.csv", folder / "run", more);
  };
  struct Case {
    std::string csv;
    int code;
    std::string text;
  };
  const Case cases[]{
      {"t,path,x\n0,1,1\n1,2,2\n2,3,4\n", 3, "no path has two observations (there are 3 paths)"},
      {"path,x\n1,1\n1,2\n1,4\n", 3, "none of which is the time. Name it by --time"},
      {"t,x,y\n0,1,5\n1,2,5\n2,4,5\n", 3, "column y is constant, 5"},
      {"t,x\n0,1\n1,NaN\n2,4\n", 3, "x.csv:3:3"},
      {"t,x\n0,1\n1,inf\n2,4\n", 3, "row 2, column x is"},
      {"t,x\n0,1\n1,2\n1,3\n2,4\n", 3, "are two observations of one path at t = 1"},
      {"t,x\n0,1\n1,2\n", 3, "of a single path, 2 observations are left. At least 3"},
      {"t,x\n", 3, "x.csv"},
  };
  for (const Case& c : cases) {
    const Ended ended = on(c.csv);
    INFO(c.csv << ended.err);
    CHECK(ended.code == c.code);
    CHECK(ended.out == "");
    CHECK_THAT(ended.err, Contains(c.text));
    CHECK_FALSE(std::filesystem::exists(folder / "run"));
  }
  const Ended missing = run_ode({"fit", "--out", folder / "run"});
  CHECK(missing.code == 2);
  CHECK_THAT(missing.err, Contains("[--data] is missing"));
  const Ended nowhere = fit(folder / "none.csv", folder / "run");
  CHECK(nowhere.code == 3);
  CHECK_THAT(nowhere.err, Contains("there is no file '"));

  // Rows in any order, a group, labels that need quotes, and a path of one observation.
  const std::string rows =
      "date,id,x,group\n2024-01-03,\"b, c\",3,1\n2024-01-01,\"b, c\",1,1\n2024-01-02,\"b, c\",2.5,2\n"
      "2024-01-01,a,2,1\n2024-01-05,a,4,1\n2024-01-01,z,9,1\n";
  const Ended sorted = on(rows, {"--validation-share", "0"});
  INFO(sorted.err);
  REQUIRE(sorted.code == 0);
  CHECK_THAT(sorted.err,
             Contains("held out: 1 of 2 paths") && Contains("unordered rows were sorted by path and time") &&
                 Contains("the column of groups is not used") && Contains("left out paths of one observation: 1") &&
                 Contains("date is in days since 2024-01-01"));
  const std::string forecast = read_text(folder / "run/forecast.csv");
  CHECK_THAT(forecast, Contains("\"path\",\"t\",\"x\"\n"));
  CHECK((forecast.find("\"b, c\",0,") != std::string::npos || forecast.find("\na,0,") != std::string::npos));
}

}  // namespace dimwise::ode_fit_tests
