#pragma once

#include <cstdint>

namespace dimwise {

/// Factors of a learning rate. Each is a pure function of how far the training is, so that a resumed run needs nothing
/// saved.
///
/// Example: `optimizer.lr = 1e-3 * warm_up(step, 100) * cosine_decay(share_done);`

/// (step + 1)/steps during the first `steps` steps, and 1 after them. Throws ValueError for negative steps.
double warm_up(int64_t step, int64_t steps);

/// Half a cosine over the share of the training that is done, by steps or by time: 1 at share 0, `last` at share 1 and
/// above. Throws ValueError for a negative share.
double cosine_decay(double share_done, double last = 0);

/// gamma^step. Throws ValueError unless gamma > 0.
double exponential_decay(int64_t step, double gamma);

/// gamma^⌊step / every⌋. Throws ValueError unless every > 0 and gamma > 0.
double step_decay(int64_t step, int64_t every, double gamma = 0.1);

}  // namespace dimwise
