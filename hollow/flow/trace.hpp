#pragma once

#include <string>
#include <utility>
#include <vector>

#include "autodiff/dimwise.hpp"
#include "autodiff/transforms.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

/// How the trace of the Jacobian of the dynamics is computed: chosen at run time, for the same model.
enum class Trace : uint8_t {
  exact,        ///< one dimension-wise derivative, whatever the dimension
  brute_force,  ///< d reverse passes through the whole net: exact for any net
  hutchinson,  ///< vᵀJv with v of independent ±1: unbiased, one reverse pass, variance twice the squared off-diagonal
               ///< of (J + Jᵀ)/2
};

const char* name(Trace trace);
/// Throws ValueError that lists the names.
Trace parse_trace(const std::string& name);
const std::vector<std::string>& trace_names();

/// The dynamics f, and the trace and diagonal of its Jacobian, at a point.
struct Dynamics {
  Tensor f;         ///< (…, d)
  Tensor trace;     ///< (…)
  Tensor diagonal;  ///< (…, d); undefined for Hutchinson's estimate
};

/// f and the diagonal of its Jacobian by d reverse passes; rows of x are independent.
Dynamics brute_force_dynamics(const Function& f, const Tensor& x);
/// f and vᵀJv.
Dynamics hutchinson_dynamics(const Function& f, const Tensor& x, const Tensor& v);

/// The dynamics of any function of x, whose rows are independent: the exact trace takes d reverse passes, like the
/// brute-force one.
Dynamics dynamics(const Function& f, const Tensor& x, Trace trace, const Tensor& noise = {});

/// The dynamics of a HollowNet at x, with its trace by the chosen method; only Hutchinson's estimator uses `noise`.
template <HollowFunction Net>
Dynamics dynamics(const Net& net, const Tensor& x, Trace trace, const Tensor& noise = {}) {
  if (trace == Trace::exact) {
    std::vector<Tensor> d = dimwise(net, x, 1);
    return {d[0], sum(d[1], {-1}), d[1]};
  }
  const Function whole = [&](const Tensor& in) { return net.transformer(in, net.conditioner(in)); };
  return dynamics(whole, x, trace, noise);
}

}  // namespace dimwise
