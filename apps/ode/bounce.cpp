#include <fmt/format.h>

#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/plot/write.hpp"
#include "apps/common/run/progress.hpp"
#include "apps/common/run/run_folder.hpp"
#include "apps/common/run/signals.hpp"
#include "apps/ode/commands.hpp"
#include "autodiff/base/rng.hpp"
#include "hollow/ode/odeint.hpp"
#include "nn/io/csv.hpp"
#include "nn/optim/lbfgs.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::ode {

namespace {

constexpr DType f64 = DType::float64;
constexpr double slowest = 1e-3;  // m/s

// A ball that falls from a height with drag, v' = −g − k v |v|, and bounces with a restitution, v → −e v, until it is
// so slow that it rests. All four numbers are positive, so their logarithms are fitted.
struct Ball {
  Tensor log_parameters;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("log_parameters", self.log_parameters);
  }
};
const std::vector<std::string> parameter_names{"height", "gravity", "drag", "restitution"};

Ball ball(const std::vector<double>& parameters) { return {log(tensor(parameters, f64))}; }

OdeSolution flight(const Ball& ball, const std::vector<double>& times) {
  const Tensor p = exp(ball.log_parameters), g = select(p, 0, 1), k = select(p, 0, 2), e = select(p, 0, 3);
  // The state: height, speed, and 1 while the ball moves.
  const VectorField f = [=](const Tensor&, const State& y) -> State {
    return {y[1], y[2] * (-g - k * y[1] * abs(y[1])), zeros_like(y[2])};
  };
  const OdeEvent ground{.g = [](const Tensor&, const State& y) { return y[0]; },
                        .direction = -1,
                        .action = [=](const Tensor&, const State& y) -> State {
                          const double moves = -y[1].item() > slowest ? 1 : 0;
                          return {y[0], -moves * e * y[1], moves * y[2]};
                        }};
  const Tensor height = select(p, 0, 0);
  return value_or_throw(odeint(f, {height, zeros_like(height), ones_like(height)}, times,
                               {.rtol = 1e-8, .atol = 1e-8, .events = {ground}}));
}

// The heights at the times after the first.
Tensor heights(const OdeSolution& s) {
  std::vector<Tensor> y;
  for (size_t i = 1; i < s.y.size(); ++i) y.push_back(s.y[i][0]);
  return stack(y, 0);
}

struct BounceSettings {
  CommonFlags common{.out = "runs/bounce", .figures = {.formats = {Format::svg, Format::png}}};
  double noise = 0.02, duration = 3.5;
  int64_t observations = 60, stages = 8, iterations = 40;
};

class Bounce {
 public:
  Bounce(const BounceSettings& s, const Command& self) : s_(s), folder_(s.common.out, self), fitted_(ball(start)) {
    times_ = {0};
    for (int64_t i = 1; i <= s.observations; ++i)
      times_.push_back(s.duration * static_cast<double>(i) / static_cast<double>(s.observations));
    const Tensor noise = s.noise * Rng(static_cast<uint64_t>(s.common.seed)).normal({s.observations}, f64);
    observed_ = heights(flight(ball(truth), times_)) + noise;
  }

  void run() {
    // Of an early bounce the position depends little on the guess. Later ones are added when the earlier ones fit.
    {
      Progress progress(s_.stages, 0, progress_style(s_.common.quiet, s_.common.no_progress));
      for (int64_t stage = 1; stage <= s_.stages && stop_.pending() == 0; ++stage) {
        fit(s_.observations * stage / s_.stages);
        record(stage);
        progress.update({.step = stage, .loss = mismatch_});
      }
    }
    save_csv(folder_.path() + "/observations.csv", {"t", "height"},
             stack({tensor(std::vector<double>(times_.begin() + 1, times_.end()), f64), observed_}, 1));
    const std::vector<std::string> files = draw();
    report(files);
    if (stop_.pending() != 0)
      throw Interrupted(stop_.pending(), "stopped before the fit was complete; the fit so far is in " + folder_.path() +
                                             ". Repeat the command to start again.");
  }

 private:
  void fit(int64_t observations) {
    const std::vector<double> times(times_.begin(), times_.begin() + 1 + static_cast<std::ptrdiff_t>(observations));
    const Tensor seen = slice(observed_, 0, 0, observations);
    Lbfgs optimizer{.max_iterations = s_.iterations};
    mismatch_ = std::sqrt(
        optimizer.step(fitted_, [&](const Ball& each) { return mean(square(heights(flight(each, times)) - seen)); }));
  }

  void record(int64_t stage) {
    std::vector<std::pair<std::string, double>> entries{{"mismatch", mismatch_}};
    const std::vector<double> p = exp(fitted_.log_parameters).values();
    for (size_t i = 0; i < p.size(); ++i) {
      entries.emplace_back(parameter_names[i], p[i]);
      errors_[i].push_back(std::abs(p[i] / truth[i] - 1));
    }
    folder_.metrics(stage, entries);
  }

  std::vector<std::string> draw() const {
    std::vector<double> fine;
    for (int i = 0; i <= 700; ++i) fine.push_back(s_.duration * i / 700);
    const auto line = [&](const Ball& each, const std::string& label) {
      std::vector<double> y{exp(each.log_parameters).values()[0]};
      const std::vector<double> later = heights(flight(each, fine)).values();
      y.insert(y.end(), later.begin(), later.end());
      return Line{fine, y, label};
    };
    Panel balls{.title = "A ball fitted through its bounces", .x_label = "t (s)", .y_label = "height (m)"};
    balls.lines = {line(ball(start), "first guess"), line(fitted_, "fitted")};
    balls.scatters = {{std::vector<double>(times_.begin() + 1, times_.end()), observed_.values(), "observed", 3, 0.8}};
    Panel convergence{.title = "Relative errors of the parameters",
                      .x_label = fmt::format("stage: so many of {} parts of the observations", s_.stages),
                      .log_y = true};
    std::vector<double> stages;
    for (size_t i = 1; i <= errors_[0].size(); ++i) stages.push_back(static_cast<double>(i));
    for (size_t i = 0; i < errors_.size(); ++i)
      convergence.lines.push_back({stages, errors_[i], parameter_names[i], true});
    return write_figure({.panels = {balls, convergence}, .columns = 2}, folder_.figure("bounce"), s_.common.figures);
  }

  void report(const std::vector<std::string>& files) const {
    const std::vector<double> p = exp(fitted_.log_parameters).values();
    const size_t bounces = flight(fitted_, times_).events.size();
    nlohmann::ordered_json j{{"bounces", bounces}, {"mismatch", mismatch_}, {"noise", s_.noise}};
    std::string text = fmt::format("{:12}  {:>10}  {:>10}  {:>10}\n", "", "first", "fitted", "true");
    for (size_t i = 0; i < p.size(); ++i) {
      j[parameter_names[i]] = {{"first", start[i]}, {"fitted", p[i]}, {"true", truth[i]}};
      text += fmt::format("{:12}  {:10.5g}  {:10.5g}  {:10.5g}\n", parameter_names[i], start[i], p[i], truth[i]);
    }
    j["files"] = files;
    text += fmt::format("{} bounces, RMS mismatch {:.4g} beside noise of {:.4g}\n", bounces, mismatch_, s_.noise);
    for (const std::string& file : files) text += "written " + file + '\n';
    std::cout << (s_.common.json ? j.dump() + '\n' : text);
  }

  static inline const std::vector<double> truth{1.5, 9.81, 0.08, 0.82}, start{1.3, 8, 0.02, 0.7};

  const StopSignals stop_;
  BounceSettings s_;
  RunFolder folder_;
  Ball fitted_;
  std::vector<double> times_;
  Tensor observed_;
  double mismatch_ = 0;
  std::vector<std::vector<double>> errors_ = std::vector<std::vector<double>>(parameter_names.size());
};

}  // namespace

void add_bounce(App& app) {
  const auto s = std::make_shared<BounceSettings>();
  Command& c = app.command("bounce", "fits a bouncing ball to observed heights, by gradients through its bounces");
  c.example("bounce", "Height, gravity, drag and restitution from 60 noisy heights; writes a picture");
  c.example("bounce --noise 0.1 --observations 200", "From more and noisier heights");
  c.section("Observations");
  c.add("noise", s->noise, "standard deviation of an observed height, in meters", not_negative);
  c.add("observations", s->observations, "number of observed heights", at_least_one);
  c.add("duration", s->duration, "seconds over which the ball is observed", positive);
  add_seed(c, s->common.seed);
  c.section("Fit");
  c.add("stages", s->stages, "the observations are added in this many stages", at_least_one);
  c.add("iterations", s->iterations, "iterations of L-BFGS in each stage", at_least_one);
  c.section("Run");
  add_out(c, s->common);
  add_figures(c, s->common);
  add_verbosity(c, s->common);
  add_json(c, s->common);
  c.does([s](const Command& self) { Bounce(*s, self).run(); });
}

}  // namespace dimwise::app::ode
