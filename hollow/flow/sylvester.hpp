#pragma once

#include <optional>

#include "autodiff/base/rng.hpp"
#include "hollow/flow/amortized.hpp"

namespace dimwise {

/// The kind of Q of a Sylvester flow.
enum class SylvesterBasis : uint8_t {
  orthogonal,   ///< `columns` orthonormal columns, of `orthonormal_columns`
  householder,  ///< a product of `reflections` reflections, m = d
  triangular    ///< the identity, and in every second flow the reversal of the dimensions, m = d
};

const char* name(SylvesterBasis basis);
/// Throws ValueError that lists the names.
void parse_name(const std::string& name, SylvesterBasis& basis);

/// Sylvester flows: z ← z + Q R₁ tanh(R₂ Qᵀz + b), log|det| = Σ log(1 + (1 − tanh²) r₁ᵢᵢ r₂ᵢᵢ), with Q of shape (d, m)
/// and upper triangular R₁, R₂ of shape (m, m) computed from the context. A tanh bounds their diagonals, so that the
/// flow is invertible.
///
/// van den Berg, Hasenclever, Tomczak, Welling: Sylvester Normalizing Flows for Variational Inference (2018).
///
/// Example: `Sylvester flow(SylvesterBasis::householder, {.d = 64, .context = 256}, rng);`
struct Sylvester {
  Linear triangles;  ///< gives one matrix with R₁ above the diagonal and R₂ᵀ below it
  Linear diagonal1, diagonal2, b;
  std::optional<Linear> q;  ///< columns or reflections
  SylvesterBasis basis = SylvesterBasis::orthogonal;
  int64_t d = 0, context = 0, flows = 0, m = 0, reflections = 0;

  Sylvester() = default;
  /// Throws ValueError for sizes below 1 and for more than d columns.
  Sylvester(SylvesterBasis basis, const AmortizedConfig& config, const Rng& rng);

  /// z of shape (…, d) and context of shape (…, c), which broadcast. Throws ShapeError, ValueError without a context,
  /// and SolverError as `orthonormal_columns`.
  FlowResult to_data(const Tensor& z, const Tensor& context_value) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("triangles", self.triangles);
    v("diagonal1", self.diagonal1);
    v("diagonal2", self.diagonal2);
    v("b", self.b);
    v("q", self.q);
    v("basis", self.basis);
    v("d", self.d);
    v("context_size", self.context);
    v("flows", self.flows);
    v("m", self.m);
    v("reflections", self.reflections);
  }
};

}  // namespace dimwise
