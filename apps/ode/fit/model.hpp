#pragma once

#include <string>
#include <variant>
#include <vector>

#include "apps/common/data/observations.hpp"
#include "hollow/net/any_hollow_net.hpp"
#include "hollow/ode/odeint.hpp"
#include "nn/data/standardizer.hpp"
#include "nn/mlp.hpp"

namespace dimwise::app::ode {

/// The architecture of fitted dynamics.
struct FitModelSettings {
  std::string kind = "hollow";  ///< hollow, mlp
  HollowConfig net{.d_h = 8, .transformer_hidden = {32, 32}, .dtype = DType::float64};
  int64_t paths = 1;  ///< of which the starts are kept
};

/// Dynamics dx/dt = f(x) or f(t, x), in units in which x has mean 0 and scale 1, and moves by 1 in a unit of time.
struct FitModel {
  Standardizer units;  ///< float64, as the clock, whatever the dtype of the net: data can lie far from 0
  Constant clock;      ///< (3,): the first observed time, the length of the observed interval, and the unit of time
  Constant starts;     ///< (paths, d): the first observation of each path, in the units of the data
  std::variant<AnyHollowNet, Mlp> net;
  bool time_dependent = false;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("units", self.units);
    v("clock", self.clock);
    v("starts", self.starts);
    v("net", self.net);
    v("time_dependent", self.time_dependent);
  }
};

/// The model, freshly initialized, with the identity as units. Throws ValueError for invalid settings.
FitModel make_model(const FitModelSettings& settings, const Rng& rng);
/// Takes units, clock and starts from observations. Throws DataError for a component that is constant.
void set_units(FitModel& model, const Observations& train);

/// Times of the data in the model's units, from 0 at the first one, and back.
std::vector<double> own_times(const FitModel& model, const std::vector<double>& t);

/// f in the model's units, for x of the net's dtype and t of any shape that broadcasts to a column of x; it keeps the
/// tensors of `model`, tracked or not.
OdeTerm own_dynamics(const FitModel& model);
/// f in the units of the data, for float64 x. The net must be float64, too.
OdeTerm dynamics(const FitModel& model);

/// The architecture in one line of text.
std::string describe(const FitModelSettings& settings);

}  // namespace dimwise::app::ode
