#include "apps/ode/train.hpp"

#include "apps/common/cli/exit_code.hpp"

#include "apps/ode/experiment/training.hpp"

namespace dimwise::app {

void add_experiment(App& app) {
  // The settings live as long as the command that is bound to them.
  const auto s = std::make_shared<experiment::Settings>();
  experiment::TaskSettings& task = s->task;
  Command& c = app.command("train", "compares solvers on one model, iteration by iteration, while it is trained");
  c.example("train --task cnf --data pinwheel --minutes 10 --out runs/ode-cnf",
            "A continuous normalizing flow that grows stiff: counts and seconds of three solvers");
  c.example("train --task trajectories --mu 20 --minutes 10 --out runs/ode-vdp",
            "Dynamics learned from trajectories of van der Pol's equation");
  c.example("train --task rotation --minutes 10 --out runs/ode-rotation",
            "Fast modes that turn: the Jacobian's diagonal does not help");
  c.example("train --task rotation --minutes 10 --out runs/ode-rotation --resume auto",
            "Go on where it stopped; of a finished run, draw and sum up again");
  c.section("Task");
  c.add_choice("task", task.task, experiment::task_names(), "what is learned");
  add_data(c, s->common, "of cnf: a built-in density, or a .csv or .npy file of rows");
  c.add("end-time", task.end_time, "of cnf: T, the time from the base to the data", positive);
  c.add("mu", task.mu, "of trajectories: mu of van der Pol's equation", positive);
  c.add("damping", task.damping, "of rotation: rate at which the fast modes decay", not_negative);
  c.add("frequency", task.frequency, "of rotation: radians the fast modes turn a unit of time", not_negative);
  c.add("window", task.window, "of trajectories, rotation: the last observed time", positive);
  c.add("observations", task.observations, "of trajectories, rotation: observed times, each four times the one before",
        at_least_one);
  c.add("rows", task.rows, "of trajectories, rotation: observed trajectories", at_least_one);
  c.section("Model");
  c.add_choice("conditioner", s->net.conditioner, conditioner_names(), "what computes h_i from the other x_j");
  c.add_choice("transformer", s->net.transformer, transformer_names(), "what computes f_i from x_i and h_i");
  c.add("hidden", s->net.hidden, "widths of the conditioner's hidden layers", at_least_one);
  c.add("d-h", s->net.d_h, "numbers h_i given to the transformer for each dimension", at_least_one);
  c.add("transformer-hidden", s->net.transformer_hidden, "widths of the transformer's hidden layers", at_least_one);
  c.add_choice("activation", s->net.activation,
               std::vector<std::string>{"tanh", "softplus", "silu", "sigmoid", "gelu", "sin"},
               "activation of all layers");
  add_dtype(c, s->common);
  c.section("Solvers");
  c.add("solvers", s->solvers,
        "adaptive methods to compare, an implicit one with its corrector as in adams/functional");
  c.add("train-with", s->train_with, "the solver whose gradient trains the model");
  c.add("rtol", s->limits.rtol, "relative tolerance of all solvers, forwards and backwards", positive);
  c.add("atol", s->limits.atol, "absolute tolerance of all solvers", positive);
  c.add("max-evaluations", s->limits.max_evaluations,
        "evaluations of f after which a solve is given up: it is then recorded as unfinished", at_least_one);
  c.add("measure-every", s->measure_every, "iterations between measurements of all solvers", at_least_one);
  c.add("tolerances", s->tolerances, "rtol and atol at which the solvers are measured on the trained model", positive);
  c.section("Training");
  add_seed(c, s->common);
  add_steps(c, s->common);
  c.add("minutes", s->minutes, "train for this long instead of --steps; 0 for steps", not_negative);
  add_batch_size(c, s->common);
  add_lr(c, s->common);
  c.add("clip", s->clip, "longest gradient norm", positive);
  add_threads(c, s->common, "1: the seconds are those of one core");
  c.section("Run");
  add_out(c, s->common);
  add_resume(c, s->common);
  add_verbosity(c, s->common);
  add_json(c, s->common);
  c.does([s](const Command& self) {
    if (s->common.threads != 1)
      fail<UsageError>("--threads", "is ", s->common.threads, ", but solvers are compared on one core. Use 1.");
    s->task.data = s->common.data;
    s->task.batch = s->common.batch_size;
    s->task.seed = s->common.seed;
    s->net.dtype = s->common.dtype;
    experiment::run_experiment(*s, self);
  });
}

}  // namespace dimwise::app
