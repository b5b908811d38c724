#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "autodiff/base/rng.hpp"
#include "hollow/sde/sde.hpp"

namespace dimwise::app::sde {

/// The distribution of the start of a path: a mixture of normal distributions with independent components.
struct InitialLaw {
  struct Part {
    double weight;
    std::vector<double> mean, scale;
  };
  std::vector<Part> parts;
  bool of_logarithm = false;  ///< whether it is the law of log x
};

/// A built-in SDE dx = f dt + g dW (Itô) with diagonal g.
struct SdeSystem {
  std::string name, equation;
  int64_t d;
  std::vector<std::optional<double>> known_diffusion;  ///< of each component: g_i if it is known, none if it is learned
  Sde sde;
  std::vector<InitialLaw> groups;  ///< the initial laws, numbered by the data's column `group`
  double end;                      ///< time of the last observation
  int64_t observations;            ///< of a path, the first at t = 0
  double dt = 0.01;                ///< a sufficiently small step of simulation
  /// log p(t, x) of paths from a group, (n,), for t (n, 1) and x (n, d); null if there is no closed form.
  std::function<Tensor(const Tensor& t, const Tensor& x, int64_t group)> log_density = nullptr;
};

struct SystemOptions {
  int64_t d = 4;       ///< of `coupled`
  double sigma = 0.5;  ///< of `double-well`
};

/// Throws ValueError for an unknown name, with the closest one, and for a d or a sigma out of range.
SdeSystem sde_system(const std::string& name, const SystemOptions& options = {});
const std::vector<std::string>& sde_system_names();

/// n initial points of a group, (n, d).
Tensor sample_initial(const SdeSystem& system, int64_t group, const Rng& rng, int64_t n, DType dtype = DType::float64);

/// The same for a name given by a flag. Throws UsageError naming the flag.
SdeSystem sde_system(const char* flag, const std::string& name, const SystemOptions& options);

}  // namespace dimwise::app::sde
