#include "apps/ode/experiment/training.hpp"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/common/plot/write.hpp"
#include "apps/common/run/evaluation.hpp"
#include "apps/common/run/training_run.hpp"
#include "apps/ode/experiment/figure.hpp"
#include "apps/ode/experiment/tolerances.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/clip.hpp"

namespace dimwise::app::ode {

namespace {

// The state of a run, which a checkpoint saves.
struct Running {
  AnyHollowNet net;
  Adam optimizer;
};

std::map<std::string, Tensor> to_tensors(const Running& s) {
  std::map<std::string, Tensor> all = state_dict(s.net, "model.");
  all.merge(s.optimizer.state_dict("optimizer."));
  return all;
}

class Experiment {
 public:
  Experiment(const TrainSettings& settings, const Command& command)
      : settings_(settings),
        solvers_(parse_solvers(settings.solvers)),
        trainer_(parse_solver_spec("--train-with", settings.train_with)),
        run_(settings.common,
             "Start a new run with a smaller --lr or --clip, a larger --max-evaluations, or another --train-with."),
        task_(make_task(settings.task, settings.net.dtype)),
        state_(first_state()) {
    run_.begin(command, saved_command(settings_));
  }

  void run() {
    run_.say("task " + settings_.task.task + ": " + std::to_string(num_parameters(state_.net)) +
             " parameters, trained with " + trainer_.name());
    run_.run({.step = [this] { return step(); }, .tensors = [this] { return to_tensors(state_); }});
    report();
  }

 private:
  Running first_state() {
    settings_.sha256 = task_->data_sha256();
    Running s;
    s.net = make_net(settings_.net, *task_, Rng(static_cast<uint64_t>(settings_.task.seed)).split("net"));
    s.optimizer.lr = settings_.common.lr;
    if (!run_.resumed()) return s;
    run_.check_same(saved_command(settings_));
    load_state_dict(s.net, run_.resumed()->tensors, "model.");
    s.optimizer.load_state_dict(run_.resumed()->tensors, "optimizer.");
    return s;
  }

  Measurement measured(const SolverSpec& solver) {
    return measure(*task_, state_.net, run_.step(), solver, settings_.limits);
  }

  Tick step() {
    std::optional<Measurement> own;
    Values values;
    if (run_.step() % settings_.measure_every == 0) {
      counts_.clear();
      for (const SolverSpec& solver : solvers_) {
        Measurement m = measured(solver);
        append(values, solver.name(), m);
        note(solver, m);
        if (solver.name() == trainer_.name()) own = std::move(m);
      }
    }
    if (!own) own = measured(trainer_);
    if (!own->gradient)
      run_.diverged(trainer_.name() + ", which trains the model, did not finish: " +
                    (own->forward.ending == Ending::done ? own->adjoint.message : own->forward.message));
    const double norm = clip_grad_norm(*own->gradient, settings_.clip);
    run_.check_finite(own->loss, norm);
    if (!values.empty()) {
      const Stiffness s = current_stiffness();
      values.insert(values.begin(), {{"loss", own->loss},
                                     {"gradient_norm", norm},
                                     {"rate", s.rate},
                                     {"decay", s.decay},
                                     {"contraction", s.contraction}});
    }
    state_.optimizer.step(state_.net, *own->gradient);
    if (!values.empty()) run_.folder().metrics(run_.step() + 1, values);
    return {.loss = own->loss, .gradient_norm = norm, .more = counts_};
  }

  Stiffness current_stiffness() const {
    return stiffness(task_->iteration(state_.net, run_.step()), options(trainer_, settings_.limits));
  }

  // For the progress line: evaluations of f and D f, forward and backward; < marks an unfinished solve.
  void note(const SolverSpec& solver, const Measurement& m) {
    const auto count = [](const SolveOutcome& t) {
      return std::to_string(t.statistics.evaluations + t.statistics.diagonals) + (t.ending == Ending::done ? "" : "<");
    };
    counts_ += (counts_.empty() ? "" : ", ") + solver.name() + " " + count(m.forward) + "/" + count(m.adjoint);
  }

  void report() {
    const Record record = read_record(run_.folder().path() + "/metrics.jsonl");
    std::vector<std::string> labels;
    std::vector<Totals> all;
    for (const SolverSpec& solver : solvers_) {
      labels.push_back(solver.name());
      all.push_back(totals(record, solver.name()));
    }
    const std::vector<std::string> figures =
        write_figure(experiment_figure(record, labels, task_->loss_name()), run_.folder().figure("evaluations"),
                     settings_.common.figures);
    const auto tolerances =
        at_tolerances(*task_, state_.net, run_.step(), solvers_, settings_.tolerances, settings_.limits);
    const std::string table =
        markdown(all) + "\nThe trained model, f + D (forward + adjoint) a batch:\n\n" + markdown(tolerances);
    std::ofstream(run_.folder().path() + "/totals.md") << table;
    const auto change = [&](const std::string& name) {
      return nlohmann::json{tenth(record.at(name), false), tenth(record.at(name), true)};
    };
    const Stiffness now = current_stiffness();
    const nlohmann::ordered_json result{{"task", settings_.task.task},
                                        {"iterations", run_.step()},
                                        {"measured", record.step.size()},
                                        {"totals", nlohmann::ordered_json::parse(json(all))},
                                        {"tolerances", nlohmann::ordered_json::parse(json(tolerances))},
                                        {"loss", change("loss")},
                                        {"rate", change("rate")},
                                        {"contraction", change("contraction")},
                                        {"rate_at_end", now.rate},
                                        {"decay_at_end", now.decay},
                                        {"contraction_at_end", now.contraction},
                                        {"checkpoint", run_.saved()}};
    std::ostringstream text;
    text << table << '\n'
         << record.step.size() << " of " << run_.step()
         << " iterations measured; means over their first and last tenth: ";
    for (const char* name : {"loss", "rate", "contraction"})
      text << name << ' ' << change(name)[0] << " -> " << change(name)[1] << (name[0] == 'c' ? "\n" : ", ");
    text << "of the trained model: rate " << now.rate << ", decay " << now.decay << ", contraction " << now.contraction
         << '\n';
    for (const std::string& path : figures) text << path << '\n';
    report_evaluation(settings_.common, result, text.str());
  }

  TrainSettings settings_;
  std::vector<SolverSpec> solvers_;
  SolverSpec trainer_;
  TrainingRun run_;
  std::unique_ptr<Task> task_;
  Running state_;
  std::string counts_;
};

}  // namespace

void run_experiment(const TrainSettings& settings, const Command& command) { Experiment(settings, command).run(); }

}  // namespace dimwise::app::ode
