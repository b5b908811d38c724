#pragma once

#include <cstdint>
#include <functional>

namespace dimwise {

/// The learning rate at step 0, 1, …: a pure function of the step, so that a resumed run needs no saved state.
///
/// Example: `const Schedule lr = warm_up(100, cosine_decay(1e-3, 10000)); optimizer.lr = lr(step);`
using Schedule = std::function<double(int64_t step)>;

/// lr at every step.
Schedule constant_rate(double lr);
/// `then`, multiplied by (step + 1)/steps for the first `steps` steps. Throws ValueError for negative steps.
Schedule warm_up(int64_t steps, Schedule then);
/// Half a cosine from lr at step 0 to `last` at step `steps` and after it. Throws ValueError unless steps > 0.
Schedule cosine_decay(double lr, int64_t steps, double last = 0);
/// lr·gamma^step. Throws ValueError unless gamma > 0.
Schedule exponential_decay(double lr, double gamma);
/// lr·gamma^⌊step/every⌋. Throws ValueError unless every > 0 and gamma > 0.
Schedule step_decay(double lr, int64_t every, double gamma = 0.1);

}  // namespace dimwise
