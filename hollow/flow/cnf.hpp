#pragma once

#include <functional>
#include <vector>

#include "autodiff/base/rng.hpp"
#include "autodiff/context.hpp"
#include "hollow/flow/trace.hpp"
#include "hollow/ode/odeint.hpp"
#include "nn/module.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise {

/// How a continuous normalizing flow is solved.
struct FlowOptions {
  Trace trace = Trace::exact;
  OdeOptions ode = {.rtol = 1e-5, .atol = 1e-5};
  Rng noise = Rng(0);      ///< Hutchinson's: drawn once a solve, anew for each block
  int64_t first_row = 0;   ///< place of x's first row in its batch: a part of a batch draws the noise of its own rows
  bool penalties = false;  ///< whether the energies of `FlowSolution` are integrated too
};

/// Where a flow carried its points.
struct FlowSolution {
  Tensor x;         ///< (…, d)
  Tensor log_det;   ///< (…): ∫ tr ∂f/∂x dt along the path, the change of log-volume
  Tensor kinetic;   ///< (…): ∫ ‖f‖² |dt|, if asked for (Finlay et al., RNODE, 2020)
  Tensor diagonal;  ///< (…): ∫ ‖D f‖² |dt|, of the Jacobian's diagonal, if asked for
  OdeStatistics statistics;
};

namespace detail {
using DriftFunction = std::function<Drift(const Tensor& t, const Tensor& x)>;
FlowSolution flow(const DriftFunction& drift, const Tensor& x, double from, double to, const FlowOptions& options);
void add(FlowSolution& total, const FlowSolution& part);
Tensor draw_noise(const FlowOptions& options, const Tensor& x, size_t block);

// The drift of one block, its weights and what the context adds prepared once. It owns what it needs: the adjoint calls
// it again after the solve.
template <class Net>
DriftFunction block_drift(const Net& block, const Tensor& context, const FlowOptions& options, const Tensor& noise) {
  return [net = block.prepare(context), trace = options.trace, noise](const Tensor& t, const Tensor& x) {
    return drift(net.at(t), x, trace, noise);
  };
}
}  // namespace detail

/// A continuous normalizing flow: dx/dt = f(t, x), base at t = 0, data at t = T, d log p/dt = −tr ∂f/∂x. Chen et al.
/// (2018), Grathwohl et al. (2019), Chen & Duvenaud (2019), section 4.
///
/// A stack of blocks, each a solve of its own. Net has `prepare(context)`, read once a solve, and `at(t)`, as HollowNet
/// and FfjordNet. Sampling runs the blocks in order from 0 to T, scoring in reverse order from T to 0.
///
/// Example:
/// ```cpp
/// Cnf flow{{net}};
/// auto [loss, g] = value_and_grad(flow, [&](const auto& m) { return -mean(log_prob(m, x)); });
/// ```
template <class Net>
struct Cnf {
  std::vector<Net> blocks;
  double T = 1;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("blocks", self.blocks);
  }
};

/// Carries x from the data (t = T) to the base (t = 0). Throws SolverError where a solve fails.
template <class Net>
FlowSolution to_base(const Cnf<Net>& cnf, const Tensor& x, const FlowOptions& options = {},
                     const Tensor& context = {}) {
  FlowSolution total;
  total.x = x;
  for (size_t b = cnf.blocks.size(); b-- > 0;) {
    const auto f = detail::block_drift(cnf.blocks[b], context, options, detail::draw_noise(options, x, b));
    detail::add(total, detail::flow(f, total.x, cnf.T, 0, options));
  }
  return total;
}

/// Carries z from the base (t = 0) to the data (t = T). Throws SolverError where a solve fails.
template <class Net>
FlowSolution to_data(const Cnf<Net>& cnf, const Tensor& z, const FlowOptions& options = {},
                     const Tensor& context = {}) {
  FlowSolution total;
  total.x = z;
  for (size_t b = 0; b < cnf.blocks.size(); ++b) {
    const auto f = detail::block_drift(cnf.blocks[b], context, options, detail::draw_noise(options, z, b));
    detail::add(total, detail::flow(f, total.x, 0, cnf.T, options));
  }
  return total;
}

/// log N(z; 0, I), of shape (…) for z of shape (…, d).
Tensor base_log_prob(const Tensor& z);

/// log p(x) = log p₀(z(0)) − ∫₀ᵀ tr ∂f/∂x dt, of shape (…) for x of shape (…, d), in nats. Throws SolverError.
template <class Net>
Tensor log_prob(const Cnf<Net>& cnf, const Tensor& x, const FlowOptions& options = {}, const Tensor& context = {}) {
  const FlowSolution s = to_base(cnf, x, options, context);
  return base_log_prob(s.x) + s.log_det;
}

/// n points of the flow's density, without context; no trace is computed. Throws SolverError.
template <class Net>
Tensor sample(const Cnf<Net>& cnf, const Shape& shape, const Rng& rng, DType dtype = DType::float32,
              const FlowOptions& options = {}) {
  const NoGrad guard;
  Tensor x = rng.normal(shape, dtype);
  for (const Net& block : cnf.blocks) {
    const Net net = block.prepare();
    const VectorField f = [&](const Tensor& t, const State& y) { return State{net(y[0], t)}; };
    x = check(odeint(f, {x}, {0, cnf.T}, options.ode)).y.back()[0];
  }
  return x;
}

}  // namespace dimwise
