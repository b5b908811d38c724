#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apps/common/data/table_settings.hpp"
#include "autodiff/base/rng.hpp"
#include "hollow/net/any_hollow_net.hpp"
#include "hollow/ode/odeint.hpp"

namespace dimwise::app::ode {

/// The learning problem and its data.
struct TaskSettings {
  std::string task = "cnf";
  std::string data = "pinwheel";  ///< cnf: the density or a file
  TableSettings table = {};       ///< cnf: of a file
  double end_time = 1;            ///< cnf: T
  double mu = 20;                 ///< trajectories: van der Pol's
  double damping = 40;            ///< rotation: the fast modes decay as exp(−damping·t) …
  double frequency = 160;         ///< … and rotate by this many radians per unit of time
  double window = 2;              ///< trajectories, rotation: the last observed time
  int64_t observations = 5;       ///< observed times, spaced geometrically
  int64_t rows = 4000;            ///< trajectories in the data
  int64_t batch = 128;
  int64_t seed = 0;
};

/// One iteration: the problem to solve, and the loss of its solution.
struct Iteration {
  OdeTerm term;
  State start;
  std::vector<double> times;
  std::vector<bool> quadratures = {};
  std::function<Tensor(const std::vector<State>& solution)> loss;
};

/// A learning problem whose loss is that of an ODE solution. Batches are a pure function of seed and step.
class Task {
 public:
  virtual ~Task() = default;
  virtual int64_t dimension() const = 0;
  virtual bool uses_time() const = 0;
  /// The problem of a step for the dynamics `net`, whose weights are prepared once.
  virtual Iteration iteration(const AnyHollowNet& net, int64_t step) = 0;
  /// The SHA-256 of the file that the data are read from; empty if there is none.
  virtual std::string data_sha256() const { return ""; }
  /// The name of the loss, for axes and tables.
  virtual std::string loss_name() const = 0;
};

const std::vector<std::string>& task_names();
/// Throws ValueError listing the names; DataError for data that do not exist.
std::unique_ptr<Task> make_task(const TaskSettings& settings, DType dtype);

/// The tasks themselves: a Hollow-CNF on a density of the plane, and trajectories of van der Pol's or of a rotating
/// system.
std::unique_ptr<Task> make_flow_task(const TaskSettings& settings, DType dtype);
std::unique_ptr<Task> make_trajectory_task(const TaskSettings& settings, DType dtype);

/// The net of a task at its initialization.
AnyHollowNet make_net(HollowConfig net, const Task& task, const Rng& rng);

}  // namespace dimwise::app::ode
