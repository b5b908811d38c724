#include "apps/ode/experiment_training.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/cnf/model.hpp"
#include "apps/common/exit_code.hpp"
#include "apps/common/progress.hpp"
#include "apps/common/run_folder.hpp"
#include "apps/common/signals.hpp"
#include "apps/ode/experiment_figure.hpp"
#include "apps/ode/experiment_tolerances.hpp"
#include "apps/ode/figures.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/clip.hpp"

namespace dimwise::app::experiment {

namespace {

// Everything that a run changes, and nothing else: what a checkpoint holds.
struct Running {
  AnyHollowNet net;
  Adam optimizer;
  double elapsed = 0;  // seconds of training over all sessions, where they are what ends it
  int64_t step = 0;
};

// The settings on which the numbers of a run depend.
nlohmann::ordered_json identity(const Settings& s) {
  return {{"task", s.task.task},
          {"data", s.task.data},
          {"end-time", s.task.end_time},
          {"mu", s.task.mu},
          {"damping", s.task.damping},
          {"frequency", s.task.frequency},
          {"window", s.task.window},
          {"observations", s.task.observations},
          {"rows", s.task.rows},
          {"batch-size", s.task.batch},
          {"seed", s.task.seed},
          {"conditioner", s.net.conditioner},
          {"transformer", s.net.transformer},
          {"hidden", s.net.hidden},
          {"transformer-hidden", s.net.transformer_hidden},
          {"d-h", s.net.d_h},
          {"activation", s.net.activation},
          {"dtype", s.net.dtype},
          {"solvers", s.solvers},
          {"train-with", s.train_with},
          {"rtol", s.limits.rtol},
          {"atol", s.limits.atol},
          {"max-evaluations", s.limits.max_evaluations},
          {"measure-every", s.measure_every},
          {"lr", s.common.lr},
          {"clip", s.clip}};
}

void check_same(const Checkpoint& checkpoint, const Settings& settings) {
  const auto found = checkpoint.metadata.find("experiment");
  const auto saved =
      nlohmann::ordered_json::parse(found == checkpoint.metadata.end() ? "" : found->second, nullptr, false);
  if (!saved.is_object()) fail<CheckpointError>("resume", checkpoint.path, " was not written by dimwise-ode train.");
  const auto asked = identity(settings);
  std::string other;
  for (const auto& [flag, value] : asked.items())
    if (!saved.contains(flag) || saved[flag] != value)
      other += (other.empty() ? "--" : "; --") + flag + " is " + (saved.contains(flag) ? saved[flag].dump() : "unset") +
               ", not " + value.dump();
  if (!other.empty())
    fail<CheckpointError>("resume", checkpoint.path, " is of another experiment: ", other,
                          ". Give the flags it was made with, or another --out to start anew.");
}

class Experiment {
 public:
  Experiment(const Settings& settings, const Command& command)
      : settings_(settings),
        solvers_(parse_solvers(settings.solvers)),
        trainer_(parse_integrator("--train-with", settings.train_with)),
        resumed_(find_checkpoint(settings.common.resume, settings.common.out)),
        task_(make_task(settings.task, parse_dtype(settings.net.dtype))),
        state_(first_state()),
        folder_(settings.common.out, command.effective_config(), resumed_) {
    if (resumed_) saved_ = resumed_->path;
  }

  void run() {
    Progress progress(settings_.common.steps, state_.step,
                      progress_style(settings_.common.quiet, settings_.common.no_progress));
    say(progress, "task " + settings_.task.task + ": " + std::to_string(count(state_.net)) +
                      " parameters, trained with " + trainer_.name());
    if (resumed_) {
      for (const std::string& skipped : resumed_->skipped) say(progress, "warning: passed over " + skipped);
      say(progress, "resumed from " + resumed_->path);
    }
    const auto begin = std::chrono::steady_clock::now();
    const double before = state_.elapsed;
    while (share_done() < 1 && !stop_.pending()) {
      step(progress);
      if (settings_.minutes > 0)
        state_.elapsed = before + std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      if (state_.step % settings_.common.checkpoint_every == 0 && share_done() < 1) save();
      if (settings_.minutes > 0)
        progress.expect(std::llround(static_cast<double>(state_.step) / std::max(share_done(), 1e-9)));
    }
    progress.finish();
    save();
    if (stop_.pending() && share_done() < 1) {
      folder_.log("interrupted at step " + std::to_string(state_.step));
      throw Interrupted(stop_.pending(), "saved " + saved_ + "; continue with the same command and --resume auto");
    }
    report();
  }

 private:
  Running first_state() {
    Running s;
    s.net = make_net(settings_.net, *task_, Rng(static_cast<uint64_t>(settings_.task.seed)).split("net"));
    s.optimizer.lr = settings_.common.lr;
    if (!resumed_) return s;
    check_same(*resumed_, settings_);
    load_state_dict(s.net, resumed_->tensors, "model.");
    s.optimizer.load_state_dict(resumed_->tensors, "optimizer.");
    const auto elapsed = resumed_->tensors.find("elapsed");
    if (elapsed == resumed_->tensors.end() || elapsed->second.size() != 1)
      fail<CheckpointError>("resume", resumed_->path, " has no elapsed time. It was not written by dimwise-ode train.");
    s.elapsed = elapsed->second.item();
    s.step = resumed_->step;
    return s;
  }

  double share_done() const {
    return settings_.minutes > 0 ? state_.elapsed / (60 * settings_.minutes)
                                 : static_cast<double>(state_.step) / static_cast<double>(settings_.common.steps);
  }

  void say(Progress& progress, const std::string& text) {
    folder_.log(text);
    if (!settings_.common.quiet) progress.say(text);
  }

  Measurement measured(const Integrator& solver) {
    return measure(*task_, state_.net, state_.step, solver, settings_.limits);
  }

  void step(Progress& progress) {
    std::optional<Measurement> own;
    Values values;
    if (state_.step % settings_.measure_every == 0) {
      counts_.clear();
      for (const Integrator& solver : solvers_) {
        Measurement m = measured(solver);
        append(values, solver.name(), m);
        note(solver, m);
        if (solver.name() == trainer_.name()) own = std::move(m);
      }
    }
    if (!own) own = measured(trainer_);
    if (!own->gradient)
      diverged(trainer_.name() + ", which trains the model, did not finish: " +
               (own->forward.ending == Ending::done ? own->adjoint.message : own->forward.message));
    const double norm = clip_grad_norm(*own->gradient, settings_.clip);
    if (!std::isfinite(own->loss) || !std::isfinite(norm))
      diverged("the loss is " + std::to_string(own->loss) + ", the gradient's norm " + std::to_string(norm) + ".");
    if (!values.empty()) {
      const Stiffness s = present_stiffness();
      values.insert(values.begin(), {{"loss", own->loss},
                                     {"gradient_norm", norm},
                                     {"rate", s.rate},
                                     {"decay", s.decay},
                                     {"contraction", s.contraction}});
    }
    state_.optimizer.step(state_.net, *own->gradient);
    ++state_.step;
    if (!values.empty()) folder_.metrics(state_.step, values);
    progress.update({.step = state_.step, .loss = own->loss, .gradient_norm = norm, .more = counts_});
  }

  Stiffness present_stiffness() const {
    return stiffness(task_->iteration(state_.net, state_.step), options(trainer_, settings_.limits));
  }

  // For the progress line: evaluations of f and D f, forwards and backwards; < stands for those of an unfinished solve.
  void note(const Integrator& solver, const Measurement& m) {
    const auto count = [](const Taken& t) {
      return std::to_string(t.statistics.evaluations + t.statistics.diagonals) + (t.ending == Ending::done ? "" : "<");
    };
    counts_ += (counts_.empty() ? "" : ", ") + solver.name() + " " + count(m.forward) + "/" + count(m.adjoint);
  }

  void save() {
    std::map<std::string, Tensor> tensors = state_dict(state_.net, "model.");
    tensors.merge(state_.optimizer.state_dict("optimizer."));
    tensors.emplace("elapsed", scalar(state_.elapsed, DType::float64));
    saved_ = folder_.save(state_.step, tensors, {{"experiment", identity(settings_).dump()}});
  }

  [[noreturn]] void diverged(const std::string& what) {
    const std::string text =
        "step " + std::to_string(state_.step) + ": " + what + " " +
        (saved_.empty() ? "No checkpoint had been saved yet." : "The last good checkpoint is " + saved_ + ".") +
        " Use a smaller --lr or --clip, a larger --max-evaluations, or another --train-with.";
    folder_.log("diverged at " + text);
    throw Diverged("[train] " + text);
  }

  void report() {
    const Record record = read_record(folder_.path() + "/metrics.jsonl");
    std::vector<std::string> labels;
    std::vector<Totals> all;
    for (const Integrator& solver : solvers_) {
      labels.push_back(solver.name());
      all.push_back(totals(record, solver.name()));
    }
    const Figure figure = experiment_figure(record, labels, task_->loss_name());
    write_figure(figure, folder_.figure("evaluations"));
    const auto tolerances =
        at_tolerances(*task_, state_.net, state_.step, solvers_, settings_.tolerances, settings_.limits);
    const std::string table =
        markdown(all) + "\nThe trained model, f + D (forward + adjoint) a batch:\n\n" + markdown(tolerances);
    std::ofstream(folder_.path() + "/totals.md") << table;
    const auto change = [&](const std::string& name) {
      return nlohmann::json{tenth(record.at(name), false), tenth(record.at(name), true)};
    };
    const Stiffness now = present_stiffness();
    if (settings_.common.json) {
      std::cout << nlohmann::ordered_json{{"task", settings_.task.task},
                                          {"iterations", state_.step},
                                          {"measured", record.step.size()},
                                          {"totals", nlohmann::ordered_json::parse(json(all))},
                                          {"tolerances", nlohmann::ordered_json::parse(json(tolerances))},
                                          {"loss", change("loss")},
                                          {"rate", change("rate")},
                                          {"contraction", change("contraction")},
                                          {"rate_at_end", now.rate},
                                          {"decay_at_end", now.decay},
                                          {"contraction_at_end", now.contraction},
                                          {"checkpoint", saved_}}
                       .dump()
                << '\n';
      return;
    }
    std::cout << table << '\n'
              << record.step.size() << " of " << state_.step
              << " iterations measured; means over their first and last tenth: ";
    for (const char* name : {"loss", "rate", "contraction"})
      std::cout << name << ' ' << change(name)[0] << " -> " << change(name)[1] << (name[0] == 'c' ? "\n" : ", ");
    std::cout << "of the trained model: rate " << now.rate << ", decay " << now.decay << ", contraction "
              << now.contraction << '\n'
              << folder_.figure("evaluations.png") << '\n';
  }

  const StopSignals stop_;  // from the first moment on
  Settings settings_;
  std::vector<Integrator> solvers_;
  Integrator trainer_;
  std::optional<Checkpoint> resumed_;
  std::unique_ptr<Task> task_;
  Running state_;
  RunFolder folder_;
  std::string saved_, counts_;
};

}  // namespace

void run_experiment(const Settings& settings, const Command& command) { Experiment(settings, command).run(); }

}  // namespace dimwise::app::experiment
