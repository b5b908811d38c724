#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/common/data/observations.hpp"
#include "hollow/net/any_hollow_net.hpp"
#include "hollow/sde/any_density.hpp"
#include "hollow/sde/diffusion.hpp"
#include "hollow/sde/sde.hpp"
#include "nn/data/standardizer.hpp"

namespace dimwise::app::sde {

/// The architecture of a fitted equation.
struct ModelSettings {
  HollowConfig net{.activation = Activation::silu};  ///< f and g; its sizes other than `hidden` are a flow's, too
  std::string density = "mixture";
  int64_t components = 10;
  std::vector<int64_t> density_hidden = {64, 64};
  Activation density_activation = Activation::tanh;
  int64_t flow_steps = 8;
  std::string initial = "groups";  ///< how initial laws are distinguished: groups, start
};

/// A density p(t, x), a drift f and a diagonal diffusion g, in units in which x has mean 0 and scale 1 and the observed
/// times are from 0 to 1.
struct SdeModel {
  AnyDensity density;
  AnyHollowNet drift;
  DiffusionNet<AnyHollowNet> diffusion;
  Standardizer units;           ///< float64, as the clock, whatever the dtype of the nets: data can lie far from 0
  Constant clock;               ///< (2,): the first observed time and the length of the observed interval
  bool time_dependent = false;  ///< f and g
  bool from_start = false;  ///< whether the density's context is the start of a path, and its time the time since then
  int64_t groups = 1;       ///< otherwise the context encodes which of these initial laws

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("density", self.density);
    v("drift", self.drift);
    v("diffusion", self.diffusion);
    v("units", self.units);
    v("clock", self.clock);
    v("time_dependent", self.time_dependent);
    v("from_start", self.from_start);
    v("groups", self.groups);
  }
};

/// The initialized model of some observations; `known` are the known g_i in the units of the data. Throws
/// UsageError, DataError.
SdeModel make_model(const ModelSettings& settings, const Observations& train,
                    const std::vector<std::optional<double>>& known, const Rng& rng);

/// f and g in the model's own units; they keep the tensors of `model`, tracked or not.
Sde own_equation(const SdeModel& model);
/// f and g in the units of the data, for float64 t and x. The nets must be float64, too.
Sde equation(const SdeModel& model);

/// Observations in the model's units: t (n, 1), x (n, d), and the context, which encodes the initial law.
struct Points {
  Tensor t, x, context;
};
/// All observations if groups distinguish initial laws; if the starts of paths do, all but the starts, with the time
/// since then. Throws DataError if none remain.
Points density_points(const SdeModel& model, const Observations& seen);
/// log p(t, x) of paths of a group, (n,), in the units of the data, for float64 t (n, 1) and x (n, d), if groups
/// distinguish initial laws. The nets must be float64, too.
Tensor log_density(const SdeModel& model, const Tensor& t, const Tensor& x, int64_t group);
/// Consecutive observations of each path.
struct Transitions {
  Points from, to;  ///< without context
};
Transitions transitions(const SdeModel& model, const Observations& seen);

/// Some rows of all points.
Points rows(const Points& all, const std::vector<int64_t>& which);

}  // namespace dimwise::app::sde
