#include "hollow/flow/sylvester.hpp"

#include <algorithm>
#include <iterator>

#include "hollow/flow/orthogonal.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

namespace {

constexpr const char* basis_names[] = {"orthogonal", "householder", "triangular"};  // in the order of the enumeration

Tensor times(const Tensor& matrix, const Tensor& x, bool transposed = false) {
  return squeeze(matmul(matrix, unsqueeze(x, -1), {.transpose_a = transposed}), -1);
}

// 1 + tanh u · tanh v = cosh(u + v)/(cosh u · cosh v), which does not cancel where the product is near −1.
Tensor one_plus_tanh_product(const Tensor& u, const Tensor& v) {
  const Tensor both = abs(u + v), a = abs(u), b = abs(v);
  return 2 * exp(both - a - b) * (1 + exp(-2 * both)) / ((1 + exp(-2 * a)) * (1 + exp(-2 * b)));
}

// The bases of all steps: qs is the output of `Sylvester::q`, or undefined.
struct Bases {
  SylvesterBasis kind;
  Tensor qs;

  Tensor into(const Tensor& z, int64_t k) const { return turn(z, k, true); }
  Tensor back(const Tensor& y, int64_t k) const { return turn(y, k, false); }

 private:
  Tensor turn(const Tensor& x, int64_t k, bool transposed) const {
    switch (kind) {
      case SylvesterBasis::orthogonal:
        return times(select(qs, -3, k), x, transposed);
      case SylvesterBasis::householder:
        return reflect(x, select(qs, -3, k), transposed);
      case SylvesterBasis::triangular:
        break;
    }
    return k % 2 == 0 ? x : flip(x, -1);
  }
};

}  // namespace

const char* name(SylvesterBasis basis) { return basis_names[static_cast<size_t>(basis)]; }

void parse_name(const std::string& name, SylvesterBasis& basis) {
  const auto* const found = std::find(std::begin(basis_names), std::end(basis_names), name);
  if (found == std::end(basis_names))
    fail<ValueError>("sylvester", "there is no basis '", name, "'. Use orthogonal, householder or triangular.");
  basis = static_cast<SylvesterBasis>(found - basis_names);
}

Sylvester::Sylvester(SylvesterBasis kind, const AmortizedConfig& config, const Rng& rng)
    : basis(kind),
      d(config.d),
      context(config.context),
      flows(config.flows),
      m(kind == SylvesterBasis::orthogonal ? config.columns : config.d),
      reflections(config.reflections) {
  detail::check_amortized("sylvester", config);
  if (m < 1 || m > d)
    fail<ValueError>("sylvester", m, " columns in ", d, " dimensions. Use at least 1 and at most ", d, '.');
  if (kind == SylvesterBasis::householder && reflections < 1)
    fail<ValueError>("sylvester", reflections, " reflections. Use at least 1.");
  const auto layer = [&](const char* name, int64_t numbers) {
    return Linear(context, flows * numbers, rng.split(name), config.dtype);
  };
  triangles = layer("triangles", m * m);
  diagonal1 = layer("diagonal1", m);
  diagonal2 = layer("diagonal2", m);
  b = layer("b", m);
  if (kind == SylvesterBasis::orthogonal) q = layer("q", d * m);
  if (kind == SylvesterBasis::householder) q = layer("q", reflections * d);
}

FlowResult Sylvester::to_data(const Tensor& z, const Tensor& context_value) const {
  detail::check_point("sylvester", z, d, context_value, context);
  const auto read = [&](const Linear& layer, const Shape& shape) {
    return detail::each_step(layer, context_value, shape);
  };
  const Tensor full = read(triangles, {flows, m, m}), u1 = read(diagonal1, {flows, m}),
               u2 = read(diagonal2, {flows, m}), diagonals1 = tanh(u1), diagonals2 = tanh(u2), bs = read(b, {flows, m}),
               r1 = triu(full, 1) + diag_embed(diagonals1), r2 = triu(transpose(full), 1) + diag_embed(diagonals2),
               products = diagonals1 * diagonals2, sums = one_plus_tanh_product(u1, u2);
  Bases bases{basis, {}};
  if (basis == SylvesterBasis::orthogonal) bases.qs = orthonormal_columns(read(*q, {flows, d, m}));
  if (basis == SylvesterBasis::householder) bases.qs = read(*q, {flows, reflections, d});
  FlowResult result{z, {}};
  for (int64_t k = 0; k < flows; ++k) {
    const Tensor t = tanh(times(select(r2, -3, k), bases.into(result.x, k)) + select(bs, -2, k));
    result.x = result.x + bases.back(times(select(r1, -3, k), t), k);
    const Tensor p = select(products, -2, k), squares = square(t);
    accumulate(result.log_det,
               sum(where(p < -0.5, log(select(sums, -2, k) - squares * p), log1p((1 - squares) * p)), {-1}));
  }
  return result;
}

}  // namespace dimwise
