#pragma once

#include "hollow/ode/odeint.hpp"

namespace dimwise {

/// The points mapped by a flow.
struct FlowResult {
  Tensor x;                       ///< (…, d)
  Tensor log_det;                 ///< (…): log|det| of the applied map, the change of log-volume
  OdeStatistics statistics = {};  ///< of a continuous flow's solves, all blocks together
  Tensor kinetic_energy = {};  ///< (…): ∫ ‖f‖² |dt| of a continuous flow, if requested (Finlay et al., RNODE, 2020)
  Tensor jacobian_penalty = {};  ///< (…): ∫ ‖D f‖² |dt|, of the Jacobian's diagonal, if requested
};

}  // namespace dimwise
