#pragma once

#include <functional>
#include <vector>

#include "autodiff/base/rng.hpp"
#include "autodiff/context.hpp"
#include "hollow/flow/result.hpp"
#include "hollow/flow/trace.hpp"
#include "nn/module.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise {

/// log N(z; 0, I), of shape (…) for z of shape (…, d).
Tensor base_log_prob(const Tensor& z);

/// How a continuous normalizing flow is solved.
struct FlowOptions {
  Trace trace = Trace::exact;
  OdeOptions ode = {.rtol = 1e-5, .atol = 1e-5};
  Rng noise = Rng(0).split("hutchinson");  ///< Hutchinson's: drawn once per solve, separately for each block
  int64_t first_row = 0;   ///< index of the first row in its batch, so that a part draws the numbers of the whole
  bool penalties = false;  ///< whether the penalties of `FlowResult` are integrated too
};

namespace detail {
using DynamicsFunction = std::function<Dynamics(const Tensor& t, const Tensor& x)>;
FlowResult flow(const DynamicsFunction& dynamics, const Tensor& x, double from, double to, const FlowOptions& options);
void add(FlowResult& total, const FlowResult& part);
Tensor draw_noise(const FlowOptions& options, const Tensor& x, size_t block);

// The dynamics of one block, prepared for its context. It owns its data, because the adjoint calls it after the solve.
template <class Net>
DynamicsFunction block_dynamics(const Net& block, const Tensor& context, const FlowOptions& options,
                                const Tensor& noise) {
  return [net = block.prepare(context), trace = options.trace, noise](const Tensor& t, const Tensor& x) {
    return dynamics(net.at(t), x, trace, noise);
  };
}
}  // namespace detail

/// A continuous normalizing flow: dx/dt = f(t, x), base at t = 0, data at t = T, d log p/dt = −tr ∂f/∂x. Chen et al.
/// (2018), Grathwohl et al. (2019), Chen & Duvenaud (2019), section 4.
///
/// A stack of blocks, each solved separately. Net has `prepare(context)`, called once per solve, like HollowNet and
/// FfjordNet. Sampling runs the blocks in order from 0 to T; `log_prob` runs them in reverse order from T to 0.
///
/// Example:
/// ```cpp
/// Cnf<AnyHollowNet> flow{{net}};
/// auto [loss, g] = value_and_grad([&](const auto& m) { return -mean(m.log_prob(x)); }, flow);
/// ```
template <class Net>
struct Cnf {
  std::vector<Net> blocks;
  double T = 1;

  /// Maps x of shape (…, d) from the data (t = T) to the base (t = 0); the context broadcasts to its rows. Throws
  /// SolverError if a solve fails, and what the net throws.
  FlowResult to_base(const Tensor& x, const Tensor& context = {}, const FlowOptions& options = {}) const {
    FlowResult total{x, {}};
    for (size_t b = blocks.size(); b-- > 0;)
      detail::add(total,
                  detail::flow(detail::block_dynamics(blocks[b], context, options, detail::draw_noise(options, x, b)),
                               total.x, T, 0, options));
    return total;
  }
  /// Maps z from the base to the data in the same way.
  FlowResult to_data(const Tensor& z, const Tensor& context = {}, const FlowOptions& options = {}) const {
    FlowResult total{z, {}};
    for (size_t b = 0; b < blocks.size(); ++b)
      detail::add(total,
                  detail::flow(detail::block_dynamics(blocks[b], context, options, detail::draw_noise(options, z, b)),
                               total.x, 0, T, options));
    return total;
  }
  /// log p(x) = log p₀(z(0)) − ∫₀ᵀ tr ∂f/∂x dt, of shape (…) for x of shape (…, d), in nats. Throws as `to_base`.
  Tensor log_prob(const Tensor& x, const Tensor& context = {}, const FlowOptions& options = {}) const {
    const FlowResult s = to_base(x, context, options);
    return base_log_prob(s.x) + s.log_det;
  }
  /// Samples of the flow's density, of shape (…, d) and in the dtype of its parameters, untracked; no trace is
  /// computed. Throws as `to_data`.
  Tensor sample(const Rng& rng, const Shape& shape, const Tensor& context = {}, const FlowOptions& options = {}) const {
    const NoGrad guard;
    Tensor x = rng.normal(shape, dtype_of(*this), options.first_row * shape.inner(0));
    for (const Net& block : blocks) {
      const auto net = block.prepare(context);
      const VectorField f = [&](const Tensor& t, const State& y) { return State{net.at(t)(y[0])}; };
      x = value_or_throw(odeint(f, {x}, {0, T}, options.ode)).y.back()[0];
    }
    return x;
  }

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("blocks", self.blocks);
    v("T", self.T);
  }
};
template <class Net>
Cnf(std::vector<Net>, double = 1) -> Cnf<Net>;

}  // namespace dimwise
