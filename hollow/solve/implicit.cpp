#include "hollow/solve/implicit.hpp"

#include <memory>
#include <mutex>
#include <optional>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "autodiff/detail/rules.hpp"
#include "autodiff/tape.hpp"
#include "hollow/solve/linear/detail/compressed_jacobian.hpp"
#include "hollow/solve/linear/gmres.hpp"
#include "hollow/solve/linear/jacobian.hpp"
#include "hollow/solve/linear/lu.hpp"
#include "hollow/solve/linear/sparse_lu.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"

namespace dimwise {

namespace {

constexpr int64_t largest_dense = 32;
constexpr double smallest = 1e-140;  // numbers above it do not underflow when squared

// M = ∂F/∂y at the root, as the sweeps use it.
class Linearization {
 public:
  Linearization(Tape tape, const ImplicitOptions& options)
      : tape_(std::move(tape)), options_(options), krylov_(uses_krylov(options, tape_.inputs()[0].dim(-1))) {
    if (options_.rtol == 0) options_.rtol = root().dtype() == DType::float32 ? 1e-5 : 1e-10;
  }

  const Tensor& root() const { return tape_.inputs()[0]; }

  Tensor solve(const Tensor& b) const {
    factorize();
    if (exact_) return sparse_ ? sparse_->solve(b) : dense_->solve(b);
    return iterate([this](const Tensor& v) { return tape_.push({v})[0]; }, b,
                   [this](const Tensor& v) { return sparse_->solve(v); });
  }
  Tensor solve_transposed(const Tensor& w) const {
    factorize();
    if (exact_) return sparse_ ? sparse_->solve_transposed(w) : dense_->solve_transposed(w);
    return iterate([this](const Tensor& v) { return tape_.pull({v})[0]; }, w,
                   [this](const Tensor& v) { return sparse_->solve_transposed(v); });
  }

 private:
  // Where LU factors of M are wanted: dense ones, or those of the pattern's entries, which may not be all of M.
  void factorize() const {
    if (krylov_) return;
    std::call_once(factorized_,
                   [this] { options_.sparsity&& tape_.has_jets() ? factorize_sparse() : factorize_dense(); });
    if (exact_ && (sparse_ ? sparse_->singular() : dense_->singular()))
      fail<ValueError>("implicit_root", "∂F/∂y, of shape (…, ", root().dim(-1), ", ", root().dim(-1),
                       "), is singular at the root, so the root has no derivative there.");
  }

  void factorize_dense() const {
    const Tensor jacobian = row_jacobian(tape_);
    if (options_.coupling == RowCoupling::rows || rows_are_independent(tape_, jacobian)) {
      dense_.emplace(jacobian);
      exact_ = true;
    } else if (options_.method == ImplicitMethod::dense) {
      fail<ValueError>("implicit_root", "the rows of F, of shape ", root().shape(),
                       ", depend on each other's unknowns. Set coupling = RowCoupling::full.");
    }
  }

  void factorize_sparse() const {
    const JacobianProducts products{.push = [this](const Tensor& v) { return tape_.push({v})[0]; },
                                    .pull = [this](const Tensor& w) { return tape_.pull({w})[0]; },
                                    .rounding = root().dtype() == DType::float32 ? 1e-3 : 1e-6};
    const SparseMatrix matrix = compressed_jacobian(products, *options_.sparsity, root());
    sparse_.emplace(matrix);
    exact_ = differing_row(matrix, products, root()) < 0;
  }

  // `incomplete`: solves with the factors of a pattern that lacks entries.
  Tensor iterate(const Function& product, const Tensor& b, const Function& incomplete) const {
    GmresOptions how{.rtol = options_.rtol,
                     .atol = smallest,
                     .restart = options_.restart,
                     .max_iterations = options_.max_iterations};
    if (options_.diagonal.defined()) how.preconditioner = [this](const Tensor& v) { return v / options_.diagonal; };
    if (sparse_ && !sparse_->singular()) how.preconditioner = incomplete;
    const KrylovSolution solution = gmres(product, b, how);
    if (!solution.converged)
      fail<SolverError>("implicit_root", "GMRES did not converge on the derivative of a root of shape ", root().shape(),
                        ": residual ", solution.residual, " (RMS) after ", solution.iterations,
                        " iterations, rtol = ", options_.rtol,
                        ". Give the diagonal, raise max_iterations, or use the dense method.");
    return solution.x;
  }

  Tape tape_;
  ImplicitOptions options_;
  bool krylov_;
  mutable std::once_flag factorized_;
  mutable std::optional<Lu> dense_;
  mutable std::optional<SparseLu> sparse_;
  mutable bool exact_ = false;  // whether the factors are those of M
};

[[noreturn]] void once_only() {
  fail<ValueError>(
      "implicit_root",
      "the implicit derivative is only once differentiable, but a derivative of it was requested. Differentiate "
      "through recorded iterations instead.");
}

// The record of a sweep's solve, whose right-hand side is inputs[0]. The root is also an input, so that an attempt to
// differentiate the solve is detected.
Op solve_record(const char* name, Tensor (*forward)(std::span<const Tensor>, const Attributes&)) {
  Op op{name, forward};
  op.vjp = [](const Call&, const Tensor&, Cotangents&) { once_only(); };
  op.jet = [](const Call&, std::span<const Series>) -> Series { once_only(); };
  return op;
}

const Op implicit_tangent_op =
    solve_record("implicit_root_tangent", [](std::span<const Tensor> in, const Attributes& attributes) {
      const NoGrad guard;
      return neg(as<Linearization>(attributes).solve(in[0]));
    });

const Op implicit_cotangent_op =
    solve_record("implicit_root_cotangent", [](std::span<const Tensor> in, const Attributes& attributes) {
      const NoGrad guard;
      return neg(as<Linearization>(attributes).solve_transposed(in[0]));
    });

// inputs[0] is F(y), zero up to rounding: only its derivative is used.
const Op implicit_root_op = [] {
  Op op{"implicit_root"};
  op.forward = [](std::span<const Tensor>, const Attributes& attributes) {
    const Tensor& y = as<Linearization>(attributes).root();
    return share(y, y.shape());
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    result.set(0, apply(implicit_cotangent_op, {w, call.output}, call.attributes));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    if (in[0].order() > 1) once_only();
    Series y(call.output);
    if (in[0].order() == 1)
      y.c.push_back(in[0].at(1).defined() ? apply(implicit_tangent_op, {in[0].at(1), call.output}, call.attributes)
                                          : Tensor());
    return y;
  };
  return op;
}();

}  // namespace

bool uses_krylov(const ImplicitOptions& options, int64_t n) {
  return options.method == ImplicitMethod::krylov ||
         (options.method == ImplicitMethod::automatic && n > largest_dense && !options.sparsity);
}

Tensor implicit_root(const Function& residual, const Tensor& y, const ImplicitOptions& options) {
  Tensor root = stop_gradient(y);
  if (y.rank() == 0 || y.dim(-1) == 0)
    fail<ShapeError>("implicit_root", "y has shape ", y.shape(), ". It must be (…, n), one system per row.");
  if (!recording()) return root;
  if (options.coupling == RowCoupling::full && y.rank() > 1) {
    const Shape row{y.size()};
    ImplicitOptions one_row = options;
    if (options.diagonal.defined()) one_row.diagonal = reshape(options.diagonal, row);
    const auto flat = [&](const Tensor& u) { return reshape(residual(reshape(u, y.shape())), row); };
    return reshape(implicit_root(flat, reshape(root, row), one_row), y.shape());
  }
  const Tensor leaf = track(root), f = residual(leaf);
  if (f.shape() != y.shape())
    fail<ShapeError>("implicit_root", "F(y) has shape ", f.shape(), ", but y has ", y.shape(),
                     ". Give one equation for each unknown.");
  if (options.diagonal.defined() && options.diagonal.shape() != y.shape())
    fail<ShapeError>("implicit_root", "the diagonal has shape ", options.diagonal.shape(), ", but y has ", y.shape(),
                     ". Give a diagonal of the shape of y.");
  if (options.sparsity && options.sparsity->size() != y.dim(-1))
    fail<ShapeError>("implicit_root", "the sparsity pattern is ", options.sparsity->size(), " × ",
                     options.sparsity->size(), ", but y has ", y.shape(), ". It is one of the last axis.");
  Tape tape({f}, {leaf});
  if (!tape.has_captures()) return root;
  ImplicitOptions kept = options;
  if (kept.diagonal.defined()) kept.diagonal = stop_gradient(kept.diagonal);
  return apply(implicit_root_op, {f}, std::make_shared<const Linearization>(std::move(tape), kept));
}

}  // namespace dimwise
